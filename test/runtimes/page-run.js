// The program on a runtime's page of docs/adapters, run as it stands there.

import { isDeepStrictEqual } from 'node:util'
import { ask, within } from './client.js'
import { startServer } from './server-process.js'

const TEXT = 'Grüße'

/** Listens, posts, and has the server end. Gives what went wrong, `undefined` if nothing did. */
export async function runPage(command, cache, { isEndedBySignal }) {
  let server
  try {
    server = await startServer(command, cache)
    const { port } = server
    const answer = await ask({ port, path: '/feed' })
    // The first thing that comes is the position from which the client would resume.
    await answer.until(() => answer.text().includes('id: '), 'a position')
    const posted = await fetch(`http://127.0.0.1:${port}/feed`, {
      method: 'POST',
      body: JSON.stringify({ text: TEXT }),
    })
    const { id } = await posted.json()
    await answer.until(() => answer.events().length > 0, 'the note')
    const expected = [{ event: 'note', data: JSON.stringify({ text: TEXT }), id }]
    if (!isDeepStrictEqual(answer.events(), expected)) {
      return `Expected ${JSON.stringify(expected)}, got ${JSON.stringify(answer.events())}`
    }
    if (!isEndedBySignal) return undefined
    const code = await within('its end', server.terminate())
    const end = await answer.ended
    const retry = /^retry: \d+$/m.test(answer.text())
    return code === 0 && end === 'whole' && retry
      ? undefined
      : `It ended with ${code}, the stream ${end}: ${answer.text()}`
  } catch (error) {
    return `${error.message} ${server?.noise() ?? ''}`
  } finally {
    await server?.stop()
  }
}
