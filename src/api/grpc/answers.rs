//! The answering half of a node's stream. Each message is screened whole as soon as it is read and answered before
//! the next one is read, so no more than one batch is ever in flight and HTTP/2 flow control carries the back-pressure to the
//! node. No task, no channel, no lock: a stage costs its decision and nothing else. Only a batch with fingerprints is
//! answered later, since those are compared elsewhere.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio_stream::Stream;
use tonic::Status;

use crate::bounds;

/// Messages that a stream still answers once the server has begun to stop, as far as they have come: a node that never pauses
/// would keep it up until it is cut.
const LAST_MESSAGES: usize = bounds::STREAM_IN_FLIGHT_MAX / bounds::STREAM_BATCH_MAX;

/// Stages that a stream answers before others on its thread have their turn: half a millisecond of work or so. A turn ends with
/// the message that makes up so many, which are many messages where each is of one stage: all their answers are sent at once.
const STAGES_A_TURN: usize = 128;

/// Resolves when the server begins to stop.
pub type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An answer that is there, or one that is still to come.
pub(super) enum Answering<Told> {
    /// It is there.
    Now(Result<Told, Status>),
    /// It comes, and nothing that came after the question is read before.
    Later(Coming<Told>),
}

/// An answer on its way.
pub(super) type Coming<Told> = Pin<Box<dyn Future<Output = Result<Told, Status>> + Send>>;

/// A stream of answers: one for each message, in order, until the node ends, fails, or the server stops.
pub(super) struct Answers<Incoming, Answer, Asked, Told> {
    incoming: Pin<Box<Incoming>>,
    answer: Answer,
    /// How many stages a message asks about.
    weigh: fn(&Asked) -> usize,
    /// The answer that is still to come, which is of a message that has been read.
    later: Option<Coming<Told>>,
    ending: Ending,
    /// Messages it may still answer, once the end has begun.
    left: Option<usize>,
    /// Stages answered since others had their turn, and so many are one.
    turn: usize,
    most: usize,
    over: bool,
}

impl<Incoming, Answer, Asked, Told> Answers<Incoming, Answer, Asked, Told> {
    /// Answers `incoming` by `answer`; `weigh` says how many stages a message asks about.
    pub(super) fn new(
        incoming: Incoming,
        weigh: fn(&Asked) -> usize,
        answer: Answer,
        ending: Ending,
    ) -> Self {
        let incoming = Box::pin(incoming);
        Self {
            incoming,
            answer,
            weigh,
            later: None,
            ending,
            left: None,
            turn: 0,
            most: STAGES_A_TURN,
            over: false,
        }
    }

    /// The same with turns of so many.
    pub(super) fn with_turn(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

impl<Incoming, Answer, Asked, Told> Stream for Answers<Incoming, Answer, Asked, Told>
where
    Incoming: Stream<Item = Result<Asked, Status>>,
    Answer: FnMut(Asked) -> Answering<Told> + Unpin,
{
    type Item = Result<Told, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Told, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        if let Some(later) = &mut this.later {
            let told = ready!(later.as_mut().poll(context));
            (this.later, this.over) = (None, told.is_err());
            return Poll::Ready(Some(told));
        }
        if this.turn >= this.most {
            this.turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Once a turn, since it costs as much as a seventieth of a stage; and before anything is waited for.
        let begins = this.turn == 0;
        if begins && this.left.is_none() && this.ending.as_mut().poll(context).is_ready() {
            this.left = Some(LAST_MESSAGES);
        }
        // What has come is answered first; a stream that waits for its node is ended.
        let told = match (this.incoming.as_mut().poll_next(context), &mut this.left) {
            (Poll::Ready(_), Some(0)) => None,
            (Poll::Ready(Some(Ok(asked))), left) => {
                left.as_mut().into_iter().for_each(|left| *left -= 1);
                this.turn += (this.weigh)(&asked);
                match (this.answer)(asked) {
                    Answering::Now(told) => Some(told),
                    Answering::Later(later) => {
                        this.later = Some(later);
                        return self.poll_next(context);
                    }
                }
            }
            (Poll::Ready(Some(Err(status))), _) => Some(Err(status)),
            (Poll::Ready(None), _) | (Poll::Pending, Some(_)) => None,
            (Poll::Pending, None) => {
                // Others have their turn while it waits for its node.
                this.turn = 0;
                ready!(this.ending.as_mut().poll(context));
                None
            }
        };
        this.over = !matches!(told, Some(Ok(_)));
        Poll::Ready(told)
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::*;

    fn never() -> Ending {
        Box::pin(std::future::pending())
    }

    /// A node that never pauses; the library's own streams rest by themselves every so often.
    struct Always(usize);

    impl Stream for Always {
        type Item = Result<usize, Status>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(self.0)))
        }
    }

    fn one(_: &i32) -> usize {
        1
    }

    fn now(number: i32) -> Answering<i32> {
        Answering::Now(Ok(number))
    }

    #[tokio::test]
    async fn an_answer_that_comes_later_is_waited_for_and_nothing_overtakes_it() {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let mut wait = Some(wait);
        let answer = move |number: i32| match wait.take() {
            None => now(number),
            Some(wait) => Answering::Later(Box::pin(async move {
                wait.await.map_err(|_| Status::aborted("gone"))?;
                Ok(number)
            })),
        };
        // The server stops meanwhile: what was read is answered all the same.
        let asked = tokio_stream::iter([Ok(1), Ok(2)]);
        let mut answers = Answers::new(asked, one, answer, Box::pin(std::future::ready(())));
        let mut first = Box::pin(answers.next());
        let waits = std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context)));
        assert!(waits.await.is_pending());
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(answers.next().await.unwrap().unwrap(), 2);
        assert!(answers.next().await.is_none());
    }

    #[tokio::test]
    async fn answers_come_in_order_and_a_fault_ends_them() {
        let asked = [Ok(1), Ok(2), Err(Status::aborted("gone")), Ok(3)];
        let doubled = |number: i32| Answering::Now(Ok(number * 2));
        let answers = Answers::new(tokio_stream::iter(asked), one, doubled, never());
        let told: Vec<Result<i32, tonic::Code>> =
            answers.map(|told| told.map_err(|status| status.code())).collect().await;
        assert_eq!(told, [Ok(2), Ok(4), Err(tonic::Code::Aborted)]);
    }

    #[tokio::test]
    async fn a_stopping_server_answers_what_it_has_read() {
        let asked = tokio_stream::iter([Ok(1)]).chain(tokio_stream::pending());
        let mut answers = Answers::new(asked, one, now, Box::pin(std::future::ready(())));
        assert_eq!(answers.next().await.unwrap().unwrap(), 1);
        assert!(answers.next().await.is_none() && answers.next().await.is_none());
    }

    #[tokio::test]
    async fn a_node_that_never_pauses_does_not_keep_a_server_up() {
        let asked = tokio_stream::iter(std::iter::repeat_with(|| Ok(1)));
        let answers = Answers::new(asked, one, now, Box::pin(std::future::ready(())));
        assert_eq!(answers.fold(0, |count, _| count + 1).await, LAST_MESSAGES);
    }

    #[tokio::test]
    async fn others_have_their_turn_after_so_many_stages_in_however_many_messages() {
        for (stages, messages) in [(1, STAGES_A_TURN), (STAGES_A_TURN - 1, 2), (1_000, 1)] {
            let told = |_: usize| Answering::Now(Ok(()));
            let mut answers = Answers::new(Always(stages), |stages| *stages, told, never());
            for _ in 0..2 {
                let count = std::future::poll_fn(|context| {
                    let next = |_: &usize| Pin::new(&mut answers).poll_next(context).is_ready();
                    Poll::Ready((0..usize::MAX).take_while(next).count())
                });
                assert_eq!(count.await, messages, "of {stages}");
            }
        }
    }
}
