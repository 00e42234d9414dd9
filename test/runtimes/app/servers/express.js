// eventwire/express on Express.

import { refuse, sse, stop } from 'eventwire/express'
import express from 'express'
import { answer } from '../answer.js'

const app = express()
app.use(sse())
app.use((req, res) => {
  void answer(req.url, {
    open: (options) => res.sse(options),
    stop: () => stop(res),
    refuse: (options) => refuse(res, options),
    json: (value) => res.json(value),
  })
})

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
