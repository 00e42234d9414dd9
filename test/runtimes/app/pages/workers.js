// A feed of notes on Workers: all who ask for one room come to one Durable Object, and get what anyone posts there.

import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'

export class Room {
  #channel = new SseChannel()

  async fetch(request) {
    if (request.method === 'POST') {
      const { text } = await request.json()
      const id = await this.#channel.publish({ event: 'note', data: { text: String(text) } })
      return Response.json({ id }, { status: 201 })
    }
    const { stream, response } = openStream(request)
    // Not awaited: what it sends is read once the response has been returned.
    this.#channel.subscribe(stream).catch((error) => stream.destroy(error))
    return response
  }
}

export default {
  fetch(request, { ROOM }) {
    const room = new URL(request.url).pathname
    return ROOM.get(ROOM.idFromName(room)).fetch(request)
  },
}
