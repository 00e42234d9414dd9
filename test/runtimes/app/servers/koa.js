// eventwire/koa on Koa.

import { refuse, sse, stop } from 'eventwire/koa'
import Koa from 'koa'
import { answer } from '../answer.js'
import { faults } from '../faults.js'

const app = new Koa()
// A client that leaves is no error of the application.
app.on('error', (error) => faults.push(`app error: ${error.stack}`))
app.use(sse())
app.use((ctx) =>
  answer(ctx.url, {
    open: (options) => ctx.sse(options),
    stop: () => stop(ctx),
    refuse: (options) => refuse(ctx, options),
    json: (value) => {
      ctx.body = JSON.stringify(value)
    },
  }),
)

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
