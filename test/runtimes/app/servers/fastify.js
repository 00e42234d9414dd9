// eventwire/fastify on Fastify.

import sse, { refuse, stop } from 'eventwire/fastify'
import fastify from 'fastify'
import { answer } from '../answer.js'

const app = fastify()
await app.register(sse)
app.all('/*', (request, reply) => {
  void answer(request.url, {
    open: (options) => reply.sse(options),
    stop: () => stop(reply),
    refuse: (options) => refuse(reply, options),
    json: (value) => reply.send(value),
  })
  return reply
})

await app.listen({ host: '127.0.0.1', port: 0 })
console.log(app.server.address().port)
