// eventwire/node on node:http.

import { createServer } from 'node:http'
import { openStream, refuse, stop } from 'eventwire/node'
import { answer } from '../answer.js'

const server = createServer((req, res) => {
  void answer(req.url, {
    open: (options) => openStream(req, res, options),
    stop: () => stop(res),
    refuse: (options) => refuse(res, options),
    json: (value) => res.end(JSON.stringify(value)),
  })
})

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
