//! What the world's numbering plans say of a number: dialable or not, which kind, which country, which time zones.
