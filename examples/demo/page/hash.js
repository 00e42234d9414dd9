// The job panel: starts the hash at the server, shows its progress, cancels it.

import { button, element, setText } from './element.js'
import { formatCount, formatPercent, formatReading, formatSeconds } from './numbers.js'

/** @import { Progress, Result } from '../folder-hash.js' */

/** @typedef {'idle' | 'running' | 'done' | 'cancelled' | 'lost' | 'failed'} JobState */

/**
 * @param {string} page
 * @param {{ onEvent: () => void }} listener
 */
export function setUpHash(page, { onEvent }) {
  /** @type {EventSource | undefined} */
  let source

  /**
   * @param {JobState} state
   * @param {string} text
   */
  const finish = (state, text) => {
    // Without this the browser would connect again, and the server would start again.
    source?.close()
    source = undefined
    showState(state, text)
  }

  button('hash').addEventListener('click', () => {
    showProgress(0)
    showState('running', 'listing the files')
    for (const id of ['job-files', 'job-bytes', 'job-speed']) setText(id, '–')
    setText('job-detail', '\u00a0')
    source = new EventSource(`/hash?page=${page}`)
    source.addEventListener('progress', ({ data }) => {
      onEvent()
      showWork(JSON.parse(data))
    })
    source.addEventListener('done', ({ data }) => {
      onEvent()
      finish('done', 'done')
      showResult(JSON.parse(data))
    })
    source.addEventListener('failed', () => {
      onEvent()
      finish('failed', 'the server could not read the folder')
    })
    source.addEventListener('error', () =>
      finish('lost', 'connection lost: the work has ended too'),
    )
  })
  button('cancel').addEventListener('click', () => finish('cancelled', 'cancelled: see the log'))
}

/** @param {Progress} progress */
function showWork({ round, rounds, files, totalFiles, bytes, totalBytes, path, elapsedMs }) {
  showProgress((round - 1 + bytes / totalBytes) / rounds)
  setText('job-round', `round ${round} of ${rounds}`)
  setText('job-files', `${formatCount(files)} of ${formatCount(totalFiles)}`)
  setText('job-bytes', `${megabytes(bytes)} of ${megabytes(totalBytes)} MB`)
  setText('job-speed', speedOf((round - 1) * totalBytes + bytes, elapsedMs))
  setText('job-detail', path)
}

/** @param {Result} result */
function showResult({ digest, isSame, rounds, files, bytes, elapsedMs }) {
  showProgress(1)
  setText(
    'job-round',
    isSame ? `all ${rounds} rounds agree` : 'the rounds differ: a file has changed',
  )
  setText('job-files', `${formatCount(files)}, ${rounds} times`)
  setText('job-bytes', `${megabytes(bytes * rounds)} MB in ${formatSeconds(elapsedMs)}`)
  setText('job-speed', speedOf(bytes * rounds, elapsedMs))
  setText('job-detail', digest)
}

/** @param {number} fraction */
function showProgress(fraction) {
  const bar = /** @type {HTMLProgressElement} */ (element('job-bar'))
  bar.value = fraction
  setText('job-percent', formatPercent(fraction))
}

/**
 * @param {JobState} state
 * @param {string} text
 */
function showState(state, text) {
  element('job').dataset.state = state
  setText('job-round', text)
  button('hash').disabled = state === 'running'
  button('cancel').disabled = state !== 'running'
}

/**
 * @param {number} bytes
 * @param {number} elapsedMs
 */
function speedOf(bytes, elapsedMs) {
  return `${formatCount(Math.round(bytes / 1_000 / elapsedMs))} MB/s`
}

/** @param {number} bytes */
function megabytes(bytes) {
  return formatReading(bytes / 1_000_000)
}
