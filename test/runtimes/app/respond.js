// A request of the Fetch standard answered by eventwire/fetch, for all servers that take a Response.

import { openStream, refuse, stop } from 'eventwire/fetch'
import { answer } from './answer.js'

/** Gives the response to `request`. */
export async function respond(request) {
  let response
  await answer(request.url, {
    open: (options) => {
      const opened = openStream(request, options)
      response = opened.response
      return opened.stream
    },
    stop: () => {
      response = stop()
    },
    refuse: (options) => {
      response = refuse(options)
    },
    json: (value) => {
      response = Response.json(value)
    },
  })
  return response
}
