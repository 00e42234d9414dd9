// "The code": cut out of the files that the server runs.

const TOKEN =
  /(\/\/.*)|('[^']*'|`[^`]*`)|\b(export|function|const|return|for|of|new|async|await|try|catch)\b|\b(\d[\d_]*)\b/g
const KINDS = ['comment', 'string', 'keyword', 'number']

/** Fills each `<pre data-file data-start>` when its details are first opened. */
export function setUpCode() {
  for (const details of document.querySelectorAll('details')) {
    const targets = [...details.querySelectorAll('pre')]
    details.addEventListener('toggle', () => targets.forEach(showCode), { once: true })
  }
}

/** @param {HTMLElement} target */
async function showCode(target) {
  const { file = '', start = '' } = target.dataset
  const response = await fetch(`/server/${file}`)
  const name = document.createElement('span')
  name.className = 'file'
  name.textContent = `examples/demo/${file}`
  target.replaceChildren(name, ...highlight(cutOut(await response.text(), start)))
}

/**
 * Gives the function that begins with `start`, up to the brace in its column.
 *
 * @param {string} source
 * @param {string} start
 */
function cutOut(source, start) {
  const indent = start.length - start.trimStart().length
  const from = source.indexOf(start)
  const end = `\n${' '.repeat(indent)}}\n`
  const lines = source.slice(from, source.indexOf(end, from) + end.length).split('\n')
  return lines.map((line) => line.slice(indent)).join('\n')
}

/**
 * @param {string} code
 * @returns {(string | HTMLElement)[]}
 */
function highlight(code) {
  const parts = []
  let position = 0
  for (const match of code.matchAll(TOKEN)) {
    const span = document.createElement('span')
    span.className = KINDS[match.slice(1).findIndex((group) => group !== undefined)] ?? ''
    span.textContent = match[0]
    parts.push(code.slice(position, match.index), span)
    position = match.index + match[0].length
  }
  return [...parts, code.slice(position)]
}
