// MemoryLog: the contract of all logs, and what it promises beyond that.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { MemoryLog, SseError } from '../../src/index.js'
import { describeLog } from './contract.js'

describeLog('MemoryLog as a log', async () => new MemoryLog())

const KEEP = { maxEvents: 10, maxBytes: 10_000, maxAgeMs: 1_000 }
const ALL = { maxRecords: 100, maxBytes: 1_000_000 }

describe('MemoryLog', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('gives ids of an epoch and a sequence', async () => {
    const log = new MemoryLog()
    const ids = [
      await log.append('a', { data: '' }, KEEP),
      await log.append('a', { data: '' }, KEEP),
    ]
    const [epoch] = ids[0]?.split('-') ?? []
    expect(epoch).toMatch(/^[0-9a-z]{6,}$/)
    expect(ids).toEqual([`${epoch}-1`, `${epoch}-2`])
  })

  test('knows that the ids of another process are not its own', async () => {
    const [before, after] = [new MemoryLog(), new MemoryLog()]
    const id = await before.append('a', { data: 'before' }, KEEP)
    await after.append('a', { data: 'after' }, KEEP)
    expect((await after.since('a', id, ALL)).complete).toBe(false)
  })

  test('gives records that nobody can change', async () => {
    const log = new MemoryLog()
    const before = await log.append('a', { data: '1' }, KEEP)
    await log.append('a', { data: '2' }, KEEP)
    const { records } = await log.since('a', before, ALL)
    expect(() => Object.assign(records[0] as object, { data: 'other' })).toThrow(TypeError)
  })

  test('forgets what is older than it may be, also when nothing is appended any more', async () => {
    vi.useFakeTimers()
    const log = new MemoryLog()
    const first = await log.append('a', { data: '1' }, KEEP)
    vi.advanceTimersByTime(600)
    const second = await log.append('a', { data: '2' }, KEEP)
    expect((await log.since('a', first, ALL)).records).toHaveLength(1)
    vi.advanceTimersByTime(600)
    expect((await log.since('a', first, ALL)).complete).toBe(true)
    vi.advanceTimersByTime(600)
    expect(await log.since('a', first, ALL)).toMatchObject({ complete: false, records: [] })
    expect((await log.since('a', second, ALL)).complete).toBe(true)
  })

  test('keeps its place over many times its history', async () => {
    const log = new MemoryLog()
    let id = await log.append('a', { data: '0' }, KEEP)
    for (let i = 1; i < 5_000; i++) {
      const next = await log.append('a', { data: `${i}` }, KEEP)
      const { complete, records } = await log.since('a', id, ALL)
      expect([complete, records.map(({ data }) => data)]).toEqual([true, [`${i}`]])
      id = next
    }
  })

  test('rejects with ERR_SSE_CLOSED once it is closed', async () => {
    const log = new MemoryLog()
    await log.close()
    const follower = { start: () => {}, next: () => {} }
    for (const call of [
      log.append('a', { data: '' }, KEEP),
      log.since('a', '', ALL),
      log.follow('a', follower),
    ]) {
      const error = await call.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SseError)
      expect(error).toMatchObject({ code: 'ERR_SSE_CLOSED' })
    }
  })
})
