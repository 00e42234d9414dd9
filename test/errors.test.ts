// What an SseError is known by, and what it shows.

import { describe, expect, test } from 'vitest'
import { SseError } from '../src/errors.js'

describe('SseError', () => {
  test('is known by instanceof, and shows no more than its details', () => {
    const error = new SseError('ERR_SSE_LOG', 'The log has failed', { status: 500 })
    expect(error instanceof SseError).toBe(true)
    expect(error instanceof Error).toBe(true)
    expect(Object.keys(error).sort()).toEqual(['code', 'name', 'status'])
  })

  test.each([
    undefined,
    null,
    5,
    'text',
    {},
    new Error('other'),
    { code: 'ERR_SSE_LOG' },
    SseError,
  ])('does not take %s for one', (value) => {
    expect((value as unknown) instanceof SseError).toBe(false)
  })

  test('can be derived from, and the derived class knows its own alone', () => {
    class FeedError extends SseError {}
    const own = new FeedError('ERR_SSE_LOG', '')
    expect(own instanceof FeedError).toBe(true)
    expect(own instanceof SseError).toBe(true)
    expect(new SseError('ERR_SSE_LOG', '') instanceof FeedError).toBe(false)
  })
})
