import { gateFrom } from './gate.ts'
import { startInspector } from './inspector.ts'
import { startKnock } from './knock.ts'
import { startPane } from './pane.ts'
import { findPart } from './parts.ts'
import { startTerminal } from './terminal.ts'
import { startWhiteboard } from './whiteboard.ts'

const gate = gateFrom(document.body)

const left = startPane(section('[data-pane=left]'), gate, () => inspector.update())
const right = startPane(section('[data-pane=right]'), gate, () => inspector.update())
const inspector = startInspector(section('[data-card=inspector]'), gate, { left, right })
startKnock(section('[data-card=knock]'), gate)
startTerminal(section('[data-card=terminal]'))
const whiteboard = document.querySelector<HTMLElement>('[data-card=whiteboard]')
if (whiteboard !== null) startWhiteboard(whiteboard)

function section(selector: string): HTMLElement {
  return findPart(document, selector, HTMLElement)
}
