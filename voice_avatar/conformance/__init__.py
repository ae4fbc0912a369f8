"""Golden vectors, a black-box checker for servers, and a scripted server for clients. Doing."""
