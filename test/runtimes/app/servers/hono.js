// eventwire/fetch on node:http, by way of Hono's server.

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { respond } from '../respond.js'

const app = new Hono()
app.all('*', (c) => respond(c.req.raw))

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))
