// eventwire/fetch in a Durable Object: all requests come to one place, which lives on between them.

import { respond } from '../respond.js'

export class Room {
  fetch(request) {
    return respond(request)
  }
}

export default {
  fetch: (request, { ROOM }) => ROOM.get(ROOM.idFromName('all')).fetch(request),
}
