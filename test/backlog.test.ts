// What waits for a slow client: in order, within its bound, and replaced by key.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backlog, type OverflowPolicy } from '../src/backlog.js'

/** Ten bytes, whatever the letter. */
const ten = (letter: string) => letter.repeat(10)

const event = (text: string, conflate?: string) => ({
  text,
  bytes: Buffer.byteLength(text),
  conflate,
})

function fill(policy: OverflowPolicy, letters: string, maxBytes = 40) {
  const backlog = new Backlog(maxBytes, policy)
  for (const letter of letters) backlog.add(event(ten(letter), undefined), 0, true)
  return backlog
}

describe('Backlog', () => {
  test('gives back whole events in order, as many as make the length asked for', () => {
    const backlog = fill('close', 'abcd')
    expect(backlog.take(15)).toBe(ten('a') + ten('b'))
    expect(backlog.bytes).toBe(20)
    expect(backlog.take(1_000)).toBe(ten('c') + ten('d'))
    expect(backlog.take(1_000)).toBe('')
    expect(backlog.bytes).toBe(0)
  })

  test('counts UTF-8 bytes', () => {
    const backlog = new Backlog(100, 'close')
    backlog.add(event('€ö', undefined), 0, true)
    expect(backlog.bytes).toBe(5)
  })

  test('takes what fits the bound exactly, and overflows one byte beyond it', () => {
    const backlog = fill('close', 'abc')
    expect(backlog.add(event(ten('d'), undefined), 0, true)).toBe(0)
    expect(backlog.add(event('x', undefined), 0, true)).toBe('overflow')
    expect(backlog.take(100)).toBe('abcd'.split('').map(ten).join(''))
  })

  test('drops the newest under drop-newest', () => {
    const backlog = fill('drop-newest', 'abcd')
    expect(backlog.add(event(ten('e'), undefined), 0, true)).toBe(1)
    expect(backlog.take(100)).toBe('abcd'.split('').map(ten).join(''))
  })

  test('drops as many of the oldest as make room under drop-oldest', () => {
    const backlog = fill('drop-oldest', 'abcd')
    expect(backlog.add(event('e'.repeat(15), undefined), 0, true)).toBe(2)
    expect(backlog.take(100)).toBe(`${ten('c')}${ten('d')}${'e'.repeat(15)}`)
  })

  test('drops an event larger than the bound rather than all others', () => {
    const backlog = fill('drop-oldest', 'abcd')
    expect(backlog.add(event('e'.repeat(41), undefined), 0, true)).toBe(1)
    expect(backlog.bytes).toBe(40)
  })

  test('counts what the sink holds, up to half of the bound', () => {
    const backlog = fill('close', 'ab')
    expect(backlog.add(event('x', undefined), 20, true)).toBe('overflow')
    expect(backlog.add(event('x', undefined), 19, true)).toBe(0)
    expect(fill('close', 'a').add(event(ten('b'), undefined), 1_000_000, true)).toBe(0)
  })

  test('holds nothing against a client that had no turn to read yet', () => {
    const backlog = new Backlog(40, 'close')
    for (const letter of 'abcdefgh')
      expect(backlog.add(event(ten(letter), undefined), 0, false)).toBe(0)
    // Nor later, when it counts what came after.
    for (const letter of 'ijkl') expect(backlog.add(event(ten(letter), undefined), 0, true)).toBe(0)
    expect(backlog.add(event('x', undefined), 0, true)).toBe('overflow')
  })

  test('lets one event wait that is larger than the bound by itself, and no second', () => {
    const backlog = fill('close', 'a')
    expect(backlog.add(event('b'.repeat(41), undefined), 0, true)).toBe(0)
    expect(backlog.add(event('c'.repeat(41), undefined), 0, true)).toBe('overflow')
    expect(backlog.add(event(ten('d'), undefined), 0, true)).toBe(0)
  })

  test('replaces the waiting event of the same key, in its place', () => {
    const backlog = new Backlog(100, 'close')
    backlog.add(event('a1', 'a'), 0, true)
    backlog.add(event('b1', 'b'), 0, true)
    backlog.add(event('--', undefined), 0, true)
    backlog.add(event('a-two', 'a'), 0, true)
    expect(backlog.bytes).toBe(9)
    expect(backlog.take(100)).toBe('a-twob1--')
    backlog.add(event('a3', 'a'), 0, true)
    expect(backlog.take(100)).toBe('a3')
  })

  test('conflates without end within the bound', () => {
    const backlog = new Backlog(40, 'close')
    for (let i = 0; i < 10_000; i++) expect(backlog.add(event(ten('x'), 'price'), 0, true)).toBe(0)
    expect(backlog.bytes).toBe(10)
  })

  test('moves an event to the end when its predecessor had to make room for it', () => {
    const backlog = new Backlog(30, 'drop-oldest')
    backlog.add(event(ten('a'), 'a'), 0, true)
    backlog.add(event(ten('b'), undefined), 0, true)
    backlog.add(event(ten('c'), undefined), 0, true)
    expect(backlog.add(event('a'.repeat(20), 'a'), 0, true)).toBe(1)
    expect(backlog.take(100)).toBe(`${ten('c')}${'a'.repeat(20)}`)
  })

  test('stays within its bound and in order under any program', () => {
    const step = fc.oneof(
      fc.record({ take: fc.integer({ min: 1, max: 60 }) }),
      fc.record({
        bytes: fc.integer({ min: 1, max: 50 }),
        conflate: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
      }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom<OverflowPolicy>('drop-oldest', 'drop-newest'),
        fc.array(step, { maxLength: 200 }),
        (policy, steps) => {
          const backlog = new Backlog(100, policy)
          let number = 0
          let added = 0
          let taken = 0
          let dropped = 0
          let replaced = 0
          const waiting = new Set<string>()
          for (const item of steps) {
            if ('take' in item) {
              for (const [text] of backlog.take(item.take).matchAll(/\d+(?:[ab]?)\.*;/g)) {
                taken++
                const key = /[ab]/.exec(text)?.[0]
                if (key) waiting.delete(key)
              }
            } else {
              const text = `${number++}${item.conflate ?? ''}`.padEnd(item.bytes, '.')
              const count = backlog.bytes
              const result = backlog.add(event(`${text};`, item.conflate), 0, true) as number
              added++
              dropped += result
              expect(backlog.bytes).toBeLessThanOrEqual(100)
              if (result === 1 && policy === 'drop-newest') expect(backlog.bytes).toBe(count)
            }
          }
          for (const _ of backlog.take(1_000).matchAll(/;/g)) taken++
          replaced = added - dropped - taken
          expect(backlog.bytes).toBe(0)
          // Only events with a key are replaced; all others were taken or counted as dropped.
          const keyed = steps.filter((item) => 'bytes' in item && item.conflate !== undefined)
          expect(replaced).toBeGreaterThanOrEqual(0)
          expect(replaced).toBeLessThanOrEqual(keyed.length)
        },
      ),
    )
  })
})
