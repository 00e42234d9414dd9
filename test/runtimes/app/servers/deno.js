// eventwire/fetch on Deno.serve.

import { respond } from '../respond.js'

Deno.serve({
  hostname: '127.0.0.1',
  port: 0,
  handler: respond,
  onListen: ({ port }) => console.log(port),
})
