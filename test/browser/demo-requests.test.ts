// What the demo's server answers to requests that its page would not make.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, postNote, startDemo } from './demo-server.js'

describe("the demo's server", () => {
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.stop()
  })

  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/server/server.js', 404],
    ['GET', '/../package.json', 404],
    ['GET', '//', 404],
    ['POST', '/', 405],
    ['POST', '/feed?page=0123abcd', 405],
    ['GET', '/cut?page=0123abcd', 405],
    ['GET', '/publish', 405],
    ['GET', '/feed', 400],
    ['GET', '/log?page=not-a-page', 400],
    ['POST', '/cut?page=0123ABCD', 400],
  ])('answers %s %s with %i', async (method, path, status) => {
    const response = await fetch(`${demo.url}${path}`, { method })
    await response.text()

    expect(response.status).toBe(status)
    expect(response.headers.has('allow')).toBe(status === 405)
  })

  test.each([
    ['no JSON', 'text=hello', 400],
    ['no object', 'null', 400],
    ['no text', '{}', 400],
    ['a text that is no string', '{"text":1}', 400],
    ['nothing but space', '{"text":" "}', 400],
    ['201 characters', JSON.stringify({ text: 'x'.repeat(201) }), 400],
    ['a body that goes on', `"${'x'.repeat(1_000_000)}`, 413],
    ['200 characters', JSON.stringify({ text: '\u{1f600}'.repeat(100) }), 200],
  ])('judges a note of %s', async (_name, body, status) => {
    expect((await postNote(demo, body)).status).toBe(status)
  })

  test('takes notes as JSON alone, which a page from elsewhere cannot send', async () => {
    expect((await postNote(demo, '{"text":"hello"}', 'text/plain')).status).toBe(415)
  })
})
