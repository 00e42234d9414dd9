// What is read from the headers of a request, and written into those of an answer.

import { describe, expect, test } from 'vitest'
import { acceptsType, lastEventIdOf, retryAfter } from '../src/http.js'

describe('acceptsType', () => {
  test.each<[string | undefined, boolean, boolean]>([
    // Accept header, lenient, strict
    ['text/event-stream', true, true],
    ['Text/Event-Stream', true, true],
    ['text/event-stream;charset=utf-8', true, true],
    ['application/json, text/event-stream', true, true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true, false],
    ['*/*', true, false],
    ['text/*', true, false],
    ['text/*;q=0.1', true, false],
    [undefined, true, false],
    ['', true, false],
    [' , ', true, false],
    ['text/html', false, false],
    ['application/json', false, false],
    ['application/*', false, false],
    ['text/event-stream;q=0', false, false],
    ['text/event-stream;q=0.000', false, false],
    ['text/event-stream; Q=0', false, false],
    ['text/event-stream;q=0.001', true, true],
    ['text/event-stream;q=nonsense', true, true],
    // The most specific range decides, whatever the others say.
    ['*/*, text/event-stream;q=0', false, false],
    ['text/*;q=0, */*', false, false],
    ['text/*;q=0, text/event-stream', true, true],
    ['*/*;q=0, text/*', true, false],
    ['*/*;q=0', false, false],
    // What a quoted parameter holds is no range.
    ['text/html;title="a, text/event-stream"', false, false],
    ['text/html;title="a\\", text/event-stream"', false, false],
    ['text/html;title="x;q=0", text/event-stream', true, true],
    ['text/html;title="never ends, text/event-stream', false, false],
    ['text/event-stream;title="ends in a backslash\\', true, true],
    ['text/event-streams', false, false],
    ['x-text/event-stream', false, false],
  ])('%s: lenient %s, strict %s', (accept, lenient, strict) => {
    expect(acceptsType(accept, 'lenient')).toBe(lenient)
    expect(acceptsType(accept, 'strict')).toBe(strict)
    expect(acceptsType(accept, false)).toBe(true)
  })
})

describe('lastEventIdOf', () => {
  const latin1 = (text: string) => Buffer.from(text).toString('latin1')

  test.each<[string, string | undefined, string, string]>([
    ['the header', '41', '/', '41'],
    ['the header before the query', '41', '/?lastEventId=7', '41'],
    ['the query without a header', undefined, '/feed?a=b&lastEventId=7', '7'],
    ['the query where the header is empty', '', '/?lastEventId=7', '7'],
    ['the first of two in the query', undefined, '/?lastEventId=7&lastEventId=8', '7'],
    ['a query decoded', undefined, '/?lastEventId=%E2%82%AC+1', '€ 1'],
    ['nothing where there is nothing', undefined, '/?last=7', ''],
    ['nothing without a query', undefined, '', ''],
    ['a header in UTF-8', latin1('ключ-€-😀'), '/', 'ключ-€-😀'],
    ['a header in Latin-1 as it came', 'caf\xe9', '/', 'caf\xe9'],
    ['a broken escape as U+FFFD', undefined, '/?lastEventId=%E2%82', '\ufffd'],
    ['an absolute URL', undefined, 'http://[/?lastEventId=7', '7'],
  ])('gives %s', (_what, header, url, id) => {
    expect(lastEventIdOf(header, url)).toBe(id)
  })
})

describe('retryAfter', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
  ])('gives %d ms as %s whole seconds', (ms, seconds) => {
    expect(retryAfter(ms)).toBe(seconds)
  })
})
