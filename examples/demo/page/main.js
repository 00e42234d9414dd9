// The page: three streams and the panels that show them.

import { Charts } from './charts.js'
import { setUpCode } from './code.js'
import { ConnectionPanel } from './connection.js'
import { button, element } from './element.js'
import { Feed } from './feed.js'
import { setUpHash } from './hash.js'
import { History } from './history.js'
import { followLog } from './log.js'
import { setUpNotes, showNote } from './notes.js'

// Names this page's streams, so that its cut is its own.
const page = crypto.randomUUID().slice(0, 8)

const connection = new ConnectionPanel()
const history = new History()
const charts = new Charts(element('charts'), element('chart-time'), history)
const onEvent = () => connection.countEvent()

const feed = new Feed(page, {
  onState(state) {
    connection.showState(state)
    if (state === 'open') history.endOutage()
    else if (history.size > 0) {
      history.beginOutage()
      element('outage-key').hidden = false
    }
  },
  onEvent(lastEventId) {
    onEvent()
    connection.showLastEventId(lastEventId)
  },
  onReset: () => history.clear(),
  onHello: (hello) => connection.showHello(hello),
  onSample(sample) {
    history.add(sample)
    charts.update()
    connection.showSample(sample, history.missing)
    publishPlaces()
  },
  onNote: showNote,
})
followLog(page, { onEvent, onHeartbeat: () => connection.countHeartbeat() })
setUpHash(page, { onEvent })
setUpNotes()
setUpCode()

button('away').addEventListener('click', () => {
  if (connection.isAway) feed.comeBack()
  else feed.leave()
})
button('cut').addEventListener('click', async () => {
  await fetch(`/cut?page=${page}`, { method: 'POST' }).catch(() =>
    connection.say('The server cannot be reached.'),
  )
})

/** Lets tests see which samples the charts hold. */
function publishPlaces() {
  const { places } = history
  const [first, last, samples] = [places.at(0), places.at(-1), places.length]
  Object.assign(element('charts').dataset, { first, last, samples })
}
