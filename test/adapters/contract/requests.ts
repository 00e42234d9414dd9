// What every adapter must do: read the request.

import { expect, test } from 'vitest'
import type { OpenStreamOptions } from '../../../src/adapters/node.js'
import type { Ask } from '../client.js'
import type { Kit } from '../contract.js'

export function testRequests({ open, request }: Kit): void {
  test.each<[string, Ask, string]>([
    ['the header', { headers: { 'last-event-id': '41' } }, '41'],
    ['the query', { path: '/?lastEventId=42' }, '42'],
    [
      'a header in UTF-8',
      { headers: { 'last-event-id': Buffer.from('ключ').toString('latin1') } },
      'ключ',
    ],
    [
      'a hostile header as a placeholder',
      { headers: { 'last-event-id': 'x'.repeat(1_025) } },
      'invalid-last-event-id',
    ],
    ['a hostile query as a placeholder', { path: '/?lastEventId=a%0Ab' }, 'invalid-last-event-id'],
    ['nothing as nothing', {}, ''],
  ])(
    'reads the last event id from %s, before a stream is opened, too',
    async (_what, asked, id) => {
      const { stream } = await open({}, asked)
      expect(stream.lastEventId).toBe(id)
      await stream.end()
      let before: string | undefined
      const stopped = await request((call) => {
        before = call.lastEventIdOf()
        call.stop()
      }, asked)
      expect([before, stopped.status]).toEqual([id, 204])
    },
  )

  test('lets the option win over the last event id of the request', async () => {
    const { stream } = await open({ lastEventId: 'mine' }, { headers: { 'last-event-id': '41' } })
    expect(stream.lastEventId).toBe('mine')
    await stream.end()
  })

  test.each<[string, Ask['headers'], OpenStreamOptions, number]>([
    ['one that names it', { accept: 'text/event-stream' }, {}, 200],
    ['a wildcard', { accept: 'text/html, */*;q=0.1' }, {}, 200],
    ['none', {}, {}, 200],
    ['another type', { accept: 'text/html' }, {}, 406],
    ['a refusal', { accept: '*/*, text/event-stream;q=0' }, {}, 406],
    ['a wildcard, strictly', { accept: '*/*' }, { accept: 'strict' }, 406],
    ['none, strictly', {}, { accept: 'strict' }, 406],
    ['one that names it, strictly', { accept: 'text/event-stream' }, { accept: 'strict' }, 200],
    ['another type, unasked', { accept: 'text/html' }, { accept: false }, 200],
  ])('answers an Accept header with %s (%o, %o) by %d', async (_what, headers, options, status) => {
    const { answer, stream } = await open(options, { headers: headers ?? {} })
    expect(answer.status).toBe(status)
    if (status === 200) {
      expect(stream.state).toBe('open')
      await stream.end()
      return
    }
    expect(stream.state).toBe('closed')
    expect(stream.send({ data: 'x' })).toBe(false)
    expect(await stream.closed).toEqual({ reason: 'refused' })
    expect(await answer.whole).toContain('text/event-stream')
    expect(answer.headers['content-type']).not.toContain('event-stream')
  })

  test('answers HEAD with the head alone', async () => {
    const { answer, stream } = await open({}, { method: 'HEAD' })
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(await answer.whole).toBe('')
    expect(await stream.closed).toEqual({ reason: 'ended' })
  })
}
