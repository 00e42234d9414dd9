// The header that a browser sends when it comes back.

export const title = '`Last-Event-ID` in UTF-8, as browsers send it'

let stream

export const routes = {
  open: (call) => {
    stream = call.open()
    stream.send({ data: stream.lastEventId })
    void stream.end()
  },
}

export async function check({ open, equal }) {
  for (const id of ['41', 'ключ-€-😀', 'café', '']) {
    const bytes = new TextEncoder().encode(id)
    // As HTTP libraries want it: one character a byte.
    const header = String.fromCharCode(...bytes)
    const answer = await open('open', { headers: id === '' ? {} : { 'last-event-id': header } })
    equal(await answer.ended, 'whole')
    equal(
      answer.events().map(({ data }) => data),
      [id],
    )
  }
}
