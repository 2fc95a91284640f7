//! Assembly: the only room that sees everything, opens sockets and spawns tasks.
