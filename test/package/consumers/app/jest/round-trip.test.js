// Jest's own module system, which cannot require ES modules, loads the package.

const { encodeEvent, SseError, SseStream } = require('eventwire')
const { PassThrough } = require('node:stream')
const { roundTrip } = require('../round-trip.cjs')

test('brings events from a server to its client', async () => {
  expect(await roundTrip()).toEqual(['greeting', 'hello\nagain', 'bye', undefined])
})

test('knows errors of any entry', () => {
  expect(require('eventwire/client').SseError).toBe(SseError)
  expect(require('eventwire/parser').SseError).toBe(SseError)
})

test('writes to a stream of its environment', async () => {
  const sink = new PassThrough()
  await new SseStream(sink).end({ data: 'bye' })
  expect(String(sink.read())).toContain(encodeEvent({ data: 'bye' }))
})
