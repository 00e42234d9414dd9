// What consumers have, in a cache folder outside of git: their tools, the packed package, and their code.

import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pack } from '../../tarball.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const CACHE = fileURLToPath(new URL('../../../.cache/consumers', import.meta.url))
const QUIETLY = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--silent']

const npm = (...args: string[]) => promisify(execFile)('npm', [...args, ...QUIETLY], { cwd: CACHE })

/** Installs all of it, and gives the folder of the code. Tools that are there already are not fetched again. */
export async function install(): Promise<string> {
  await mkdir(CACHE, { recursive: true })
  const stamp = join(CACHE, 'installed')
  const lock = await readFile(join(HERE, 'package-lock.json'), 'utf8')
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== lock) {
    for (const file of ['package.json', 'package-lock.json']) {
      await cp(join(HERE, file), join(CACHE, file))
    }
    await npm('ci')
    await writeFile(stamp, lock)
  }
  const tarball = await pack()
  // Of the same name and version each time, npm would keep the one before.
  await rm(join(CACHE, 'node_modules/eventwire'), { recursive: true, force: true })
  await npm('install', '--no-save', tarball)
  await rm(dirname(tarball), { recursive: true })
  const app = join(CACHE, 'app')
  await rm(app, { recursive: true, force: true })
  await cp(join(HERE, 'app'), app, { recursive: true })
  return app
}
