vcl 4.1;

import directors;

backend one {
  .host = "127.0.0.1";
  .port = "3001";
}

backend two {
  .host = "127.0.0.1";
  .port = "3002";
}

sub vcl_init {
  new events = directors.round_robin();
  events.add_backend(one);
  events.add_backend(two);
}

sub vcl_recv {
  if (req.http.Accept ~ "text/event-stream") {
    return (pass);
  }
}

sub vcl_backend_fetch {
  set bereq.backend = events.backend();
}

sub vcl_backend_error {
  return (retry);
}
