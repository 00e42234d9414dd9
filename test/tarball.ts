// The package as npm packs it, from what was built last.

import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Packs it into a new folder, and gives the tarball's path. */
export async function pack(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-packed-'))
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    { cwd: ROOT },
  )
  return join(folder, JSON.parse(stdout)[0].filename)
}
