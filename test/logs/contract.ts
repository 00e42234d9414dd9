// What every log must do: run for each engine.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EventLog, HistoryLimits, LogRecord } from '../../src/index.js'

const KEEP: HistoryLimits = {
  maxEvents: 1_000,
  maxBytes: 1_048_576,
  maxAgeMs: Number.POSITIVE_INFINITY,
}
const ALL = { maxRecords: 1_000, maxBytes: 1_000_000 }

const dataOf = (records: readonly LogRecord[]) => records.map(({ data }) => data)

export function describeLog(name: string, open: () => Promise<EventLog>): void {
  describe(name, () => {
    let log: EventLog
    beforeEach(async () => {
      log = await open()
    })
    afterEach(() => log.close())

    /** Appends events with this data, one after the other; gives their ids. */
    async function append(data: readonly string[], limits: Partial<HistoryLimits> = {}) {
      const ids: string[] = []
      for (const text of data) {
        ids.push(await log.append('a', { data: text }, { ...KEEP, ...limits }))
      }
      return ids
    }

    async function follow(channel = 'a') {
      const heard: string[] = []
      const seen: LogRecord[] = []
      const unfollow = await log.follow(channel, {
        start: (position) => heard.push(position),
        next: (record) => seen.push(record),
      })
      return { heard, seen, unfollow }
    }

    test('gives ids in order, each of them once', async () => {
      const ids = await append(Array.from({ length: 12 }, (_, i) => `${i}`))
      expect(new Set(ids).size).toBe(12)
      for (const [i, id] of ids.entries()) {
        for (const [j, other] of ids.entries()) {
          expect(Math.sign(log.compare(id, other))).toBe(Math.sign(i - j))
        }
      }
    })

    test('gives ids in the order of the calls, also where nobody waits for them', async () => {
      const ids = await Promise.all(['1', '2', '3'].map((data) => log.append('a', { data }, KEEP)))
      const { records } = await log.since('a', ids[0] as string, ALL)
      expect(dataOf(records)).toEqual(['2', '3'])
    })

    test('keeps all fields of a record', async () => {
      const [first] = await append(['first'])
      const record = {
        event: 'price',
        data: '{"a":1}',
        isSerialized: true,
        retry: 5,
        comment: 'c',
        topic: 't',
        conflate: 'k',
      }
      const { seen } = await follow()
      const id = await log.append('a', record, KEEP)
      await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 15_000 })
      expect(seen[0]).toEqual({ ...record, id })
      const page = await log.since('a', first as string, ALL)
      expect(page.records).toEqual([{ ...record, id }])
    })

    test('tells a follower of what is appended after it has started, in order', async () => {
      const [before] = await append(['before'])
      const { heard, seen } = await follow()
      expect(heard).toEqual([before])
      const ids = await append(['1', '2', '3'])
      await vi.waitFor(() => expect(seen.map(({ id }) => id)).toEqual(ids), { timeout: 15_000 })
    })

    test('tells each of several followers, and none that has left', async () => {
      const [one, other, leaver] = [await follow(), await follow(), await follow()]
      await leaver.unfollow()
      await append(['1', '2'])
      await vi.waitFor(() => expect(dataOf(other.seen)).toEqual(['1', '2']), { timeout: 15_000 })
      expect(dataOf(one.seen)).toEqual(['1', '2'])
      expect(leaver.seen).toEqual([])
    })

    test('keeps an order in which a follower that appends in turn does not overtake', async () => {
      let appended: Promise<string> | undefined
      await log.follow('a', {
        start: () => {},
        next: (record) => {
          if (record.data === '1') appended = log.append('a', { data: '2' }, KEEP)
        },
      })
      const { seen } = await follow()
      await append(['1'])
      await vi.waitFor(() => expect(dataOf(seen)).toEqual(['1', '2']), { timeout: 15_000 })
      await appended
    })

    test('starts a follower of an empty channel at a position that resumes', async () => {
      const { heard } = await follow()
      await append(['1', '2'])
      const page = await log.since('a', heard[0] as string, ALL)
      expect(page).toMatchObject({ complete: true, more: false })
      expect(dataOf(page.records)).toEqual(['1', '2'])
    })

    test('gives what came after an id, for each id it gave', async () => {
      const data = Array.from({ length: 12 }, (_, i) => `${i}`)
      const ids = await append(data)
      for (const [i, id] of ids.entries()) {
        const page = await log.since('a', id, ALL)
        expect(page).toMatchObject({ complete: true, from: id, more: false })
        expect(dataOf(page.records)).toEqual(data.slice(i + 1))
      }
    })

    test('gives a page at a time, and says whether there is more', async () => {
      const ids = await append(['0', '1', '2', '3', '4'])
      let from = ids[0] as string
      const pages: unknown[] = []
      for (let more = true; more; ) {
        const page = await log.since('a', from, { maxRecords: 2, maxBytes: 1_000_000 })
        pages.push(...dataOf(page.records))
        expect(page.records.length).toBeLessThanOrEqual(2)
        from = page.records.at(-1)?.id ?? from
        more = page.more
      }
      expect(pages).toEqual(['1', '2', '3', '4'])
    })

    test('ends a page after about as many bytes as it may have, and gives one record at least', async () => {
      const ids = await append(Array.from({ length: 5 }, () => 'x'.repeat(1_000)))
      const options = { maxRecords: 10, maxBytes: 1_500 }
      const page = await log.since('a', ids[0] as string, options)
      expect([page.records.length, page.more]).toEqual([2, true])
      const least = await log.since('a', ids[0] as string, { maxRecords: 10, maxBytes: 1 })
      expect([least.records.length, least.more]).toEqual([1, true])
    })

    describe('a bounded history', () => {
      test('keeps as many events as it may, and tells what is gone from what is not', async () => {
        const ids = await append(['0', '1', '2', '3', '4', '5'], { maxEvents: 3 })
        // The event with id 2 is gone, but nothing after it.
        const complete = await log.since('a', ids[2] as string, ALL)
        expect(complete.complete).toBe(true)
        expect(dataOf(complete.records)).toEqual(['3', '4', '5'])
        const gone = await log.since('a', ids[1] as string, ALL)
        expect(gone).toMatchObject({ complete: false, from: ids[2] })
        expect(dataOf(gone.records)).toEqual(['3', '4', '5'])
      })

      test('keeps all of exactly as many events as it may', async () => {
        const { heard } = await follow()
        await append(['0', '1', '2'], { maxEvents: 3 })
        const page = await log.since('a', heard[0] as string, ALL)
        expect(page.complete).toBe(true)
        expect(dataOf(page.records)).toEqual(['0', '1', '2'])
      })

      test('keeps no more bytes than it may', async () => {
        const ids = await append(
          Array.from({ length: 10 }, () => 'x'.repeat(1_000)),
          { maxBytes: 5_500 },
        )
        const page = await log.since('a', ids[0] as string, ALL)
        expect(page.complete).toBe(false)
        expect(page.records).toHaveLength(5)
      })

      test('does not keep an event that is too large by itself, and no other is in its place', async () => {
        const ids = await append(['small', 'x'.repeat(10_000)], { maxBytes: 5_000 })
        expect(await log.since('a', ids[0] as string, ALL)).toMatchObject({
          complete: false,
          records: [],
          from: ids[1],
        })
        expect(await log.since('a', ids[1] as string, ALL)).toMatchObject({ complete: true })
      })

      test('forgets what is older than it may be, also when nothing is appended any more', async () => {
        const ids = await append(['0', '1'], { maxAgeMs: 300 })
        const asked = () => log.since('a', ids[0] as string, ALL)
        await vi.waitUntil(async () => !(await asked()).complete, { timeout: 15_000 })
        expect(await asked()).toMatchObject({ records: [], from: ids[1], more: false })
        expect(await log.since('a', ids[1] as string, ALL)).toMatchObject({ complete: true })
        // It goes on from there, with limits of its own.
        const [next] = await append(['2'])
        const page = await log.since('a', ids[1] as string, ALL)
        expect(page.records.map(({ id }) => id)).toEqual([next])
      })

      test('knows the newest id where it keeps nothing', async () => {
        const ids = await append(['0', '1'], { maxEvents: 0 })
        expect(await log.since('a', ids[1] as string, ALL)).toMatchObject({
          complete: true,
          records: [],
        })
        expect(await log.since('a', ids[0] as string, ALL)).toMatchObject({
          complete: false,
          records: [],
          from: ids[1],
        })
      })
    })

    test('knows no id that it has not given for this channel', async () => {
      const ids = await append(['0', '1'])
      const elsewhere = await log.append('b', { data: '0' }, KEEP)
      const known = ids[1] as string
      const hostile = [
        '',
        ' ',
        '0',
        '-1',
        'x',
        elsewhere,
        `${known}9`,
        `${known} `,
        ` ${known}`,
        `0${known}`,
        `${known}.0`,
        known.replace(/\d+$/, (digits) => `0${digits}`),
        known.replace(/\d+$/, '99999999999999999999'),
        known.replace(/\d+$/, '-1'),
        known.replace(/\d+$/, '1e0'),
        known.replace(/\d+$/, ''),
        '__proto__',
        '€',
        'x'.repeat(1_024),
      ]
      for (const id of hostile) {
        const page = await log.since('a', id, ALL)
        expect([id, page.complete]).toEqual([id, false])
        expect(dataOf(page.records)).toEqual(['0', '1'])
      }
    })

    test('has channels that do not know of each other', async () => {
      const { seen } = await follow('b')
      await append(['a only'])
      await log.append('b', { data: 'b only' }, KEEP)
      await vi.waitFor(() => expect(dataOf(seen)).toEqual(['b only']), { timeout: 15_000 })
    })
  })
}
