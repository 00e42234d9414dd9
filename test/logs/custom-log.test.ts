// The log that docs/custom-log.md builds: taken from the page, and run.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/index.js'
import { describeLog } from './contract.js'

type FileLogClass = new (folder: string) => EventLog

const folder = await mkdtemp(join(tmpdir(), 'eventwire-log-'))
const page = await readFile(new URL('../../docs/custom-log.md', import.meta.url), 'utf8')
const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(page) ?? []
const { outputText } = ts.transpileModule(code, {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
})
await writeFile(join(folder, 'file-log.mjs'), outputText)
const url = pathToFileURL(join(folder, 'file-log.mjs')).href
const { FileLog } = (await import(/* @vite-ignore */ url)) as { FileLog: FileLogClass }

const KEEP = { maxEvents: 3, maxBytes: 1_000_000, maxAgeMs: Number.POSITIVE_INFINITY }
const ALL = { maxRecords: 100, maxBytes: 1_000_000 }

let logs = 0
describeLog('FileLog of the docs', async () => new FileLog(join(folder, `${logs++}`)))

describe('FileLog of the docs', () => {
  afterAll(() => rm(folder, { recursive: true }))

  test('knows its ids after a restart, also behind a line that was not written to its end', async () => {
    const ids: string[] = []
    for (let run = 0; run < 5; run++) {
      const log = new FileLog(join(folder, 'restarted'))
      for (const data of ['a', 'b'])
        ids.push(await log.append('x', { data: `${run}${data}` }, KEEP))
      await log.close()
      const file = join(folder, 'restarted', 'x.jsonl')
      await writeFile(file, '{"record":{"da', { flag: 'a' })
    }
    const log = new FileLog(join(folder, 'restarted'))
    for (const [i, id] of ids.entries()) {
      const { complete, records } = await log.since('x', id, ALL)
      expect([complete, records.map((record) => record.id)]).toEqual([
        i >= 6,
        ids.slice(Math.max(i + 1, 7)),
      ])
    }
  })

  // The first call failed, and the second wrote a new history over the old one.
  test('leaves alone what it cannot read', async () => {
    const log = new FileLog(join(folder, 'damaged'))
    for (const data of ['1', '2', '3']) await log.append('x', { data }, KEEP)
    await log.close()
    const file = join(folder, 'damaged', 'x.jsonl')
    const damaged = (await readFile(file, 'utf8')).replace('"2"', '"2')
    await writeFile(file, damaged)
    const other = new FileLog(join(folder, 'damaged'))
    for (const data of ['4', '5']) {
      await expect(other.append('x', { data }, KEEP)).rejects.toThrow(SyntaxError)
    }
    await other.close()
    expect(await readFile(file, 'utf8')).toBe(damaged)
  })

  test('goes on after a write that failed', async () => {
    const log = new FileLog(join(folder, 'failing'))
    const first = await log.append('x', { data: '1' }, KEEP)
    await rm(join(folder, 'failing'), { recursive: true })
    await writeFile(join(folder, 'failing'), 'no folder')
    await expect(log.append('x', { data: '2' }, KEEP)).rejects.toThrow()
    await rm(join(folder, 'failing'))
    await log.append('x', { data: '3' }, KEEP)
    const { complete, records } = await log.since('x', first, ALL)
    expect([complete, records.map(({ data }) => data)]).toEqual([true, ['3']])
  })
})
