// The work: SHA-256 over all files of a folder, in several rounds, to see that all agree.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/**
 * @typedef {object} Progress
 * @property {number} round - from 1
 * @property {number} rounds
 * @property {number} files - read in this round
 * @property {number} totalFiles - in each round
 * @property {number} bytes - read in this round
 * @property {number} totalBytes - in each round
 * @property {string} path - of the last file, within the folder
 * @property {number} elapsedMs - since the first file was opened
 */

/**
 * @typedef {object} Result
 * @property {string} digest - of the first round
 * @property {boolean} isSame - whether the other rounds had the same
 * @property {number} rounds
 * @property {number} files - in each round
 * @property {number} bytes - in each round
 * @property {number} elapsedMs - in all rounds
 */

/** @typedef {{ path: string, bytes: number }} File */

const ROUNDS = 3
const PROGRESS_INTERVAL_MS = 50

export class FolderHash {
  /** @type {Progress} */
  progress = {
    round: 1,
    rounds: ROUNDS,
    files: 0,
    totalFiles: 0,
    bytes: 0,
    totalBytes: 0,
    path: '',
    elapsedMs: 0,
  }
  #folder
  #onProgress
  #startMs = 0

  /**
   * @param {string} folder
   * @param {(progress: Progress) => void} onProgress - called 20 times a second at most
   */
  constructor(folder, onProgress) {
    this.#folder = folder
    this.#onProgress = onProgress
  }

  /**
   * Does the work. When the signal aborts it stops within a chunk of a file, and rejects.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<Result>}
   */
  async run(signal) {
    const files = await this.#listFiles(this.#folder, signal)
    this.progress.totalFiles = files.length
    this.progress.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#startMs = performance.now()
    /** @type {string[]} */
    const digests = []
    for (let round = 1; round <= ROUNDS; round++) {
      Object.assign(this.progress, { round, files: 0, bytes: 0 })
      digests.push(await this.#hashFiles(files, signal))
    }
    const elapsedMs = this.#elapsedMs
    const { bytes } = this.progress
    return {
      digest: digests[0] ?? '',
      isSame: digests.every((digest) => digest === digests[0]),
      rounds: ROUNDS,
      files: files.length,
      bytes,
      elapsedMs,
    }
  }

  /**
   * Lists regular files in one order always. Tools keep their caches in folders with a dot: those change.
   *
   * @param {string} folder
   * @param {AbortSignal} signal
   * @returns {Promise<File[]>}
   */
  async #listFiles(folder, signal) {
    signal.throwIfAborted()
    const entries = await readdir(folder, { withFileTypes: true })
    /** @type {File[]} */
    const files = []
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.')) {
        files.push(...(await this.#listFiles(path, signal)))
      } else if (entry.isFile()) {
        files.push({ path, bytes: (await stat(path)).size })
      }
    }
    return files
  }

  /**
   * @param {File[]} files
   * @param {AbortSignal} signal
   */
  async #hashFiles(files, signal) {
    const hash = createHash('sha256')
    for (const { path } of files) {
      for await (const chunk of createReadStream(path, { signal })) {
        hash.update(chunk)
        this.progress.bytes += chunk.length
      }
      this.progress.files++
      this.progress.path = relative(this.#folder, path)
      this.#report()
    }
    return hash.digest('hex')
  }

  get #elapsedMs() {
    return Math.round(performance.now() - this.#startMs)
  }

  #report() {
    const elapsedMs = this.#elapsedMs
    if (elapsedMs - this.progress.elapsedMs < PROGRESS_INTERVAL_MS) return
    this.progress.elapsedMs = elapsedMs
    this.#onProgress(this.progress)
  }
}
