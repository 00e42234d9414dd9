// eventwire/fetch on Bun.serve.

import { respond } from '../respond.js'

const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: respond })
console.log(server.port)
