//! The codec of every service: prost's, behind a count of what a message holds. A repeated field costs two bytes on the
//! wire and hundreds once decoded, so that the size of a message alone bounds nothing.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::bounds;

/// Messages up to this size are not looked through, in bytes: what they hold is bounded by it well enough.
const LOOKED_THROUGH_BYTES: usize = 64 * 1024;

/// The codec for sending `T` and receiving `U`.
#[derive(Debug)]
pub struct Bounded<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Bounded<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for Bounded<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstCodec::<T, U>::default().decoder())
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let most = bounds::MESSAGE_FIELDS_MAX;
        if from.remaining() > LOOKED_THROUGH_BYTES && !holds_at_most(most, from.chunk()) {
            return Err(Status::invalid_argument(format!("message has more than {most} fields")));
        }
        self.0.decode(from)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Whether an encoded message has no more than so many fields. What is broken is left to the decoder to refuse.
fn holds_at_most(most: usize, mut message: &[u8]) -> bool {
    for _ in 0..most {
        let Ok((tag, kind)) = decode_key(&mut message) else { return true };
        if skip_field(kind, tag, &mut message, DecodeContext::default()).is_err() {
            return true;
        }
    }
    !message.has_remaining()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_counted_and_not_what_is_in_them() {
        for (message, fields) in [
            (&[][..], 0),
            (&[0x0a, 0], 1),
            (&[0x0a, 4, 0x0a, 0, 0x0a, 0, 0x10, 1, 0x0a, 0], 3),
            (&[0x0b, 0x10, 1, 0x0c, 0x15, 1, 2, 3, 4], 2),
        ] {
            assert!(holds_at_most(fields, message), "{message:?}");
            assert!(fields == 0 || !holds_at_most(fields - 1, message), "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_through(message: Vec<u8>, most in 0_usize..9) {
            let _ = holds_at_most(most, &message);
            prop_assert!(holds_at_most(message.len(), &message));
        }
    }
}
