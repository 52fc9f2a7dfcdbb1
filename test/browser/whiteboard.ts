import type { FrameLocator, Page } from 'playwright-core'
import type { Demo } from './open-demo.ts'

type Person = 'alice' | 'bob'

/** Opens the whiteboard on the demo page, and tells which session it is. */
export async function openBoard(demo: Demo, person: Person): Promise<string> {
  await demo.whiteboard.getByRole('button', { name: `Open the whiteboard as ${person}` }).click()
  const status = demo.whiteboard.getByRole('status').filter({ hasText: 'was ready' })
  const [, session = ''] = /Session (\S+)/.exec((await status.textContent()) ?? '') ?? []
  const people = boardOf(demo, person).getByLabel('Who is here')
  await people.getByText('(you)').waitFor()
  return session
}

/** The backend's own page, in its frame. */
export function boardOf({ whiteboard }: Demo, person: Person): FrameLocator {
  return whiteboard.locator(`[data-seat=${person}]`).frameLocator('iframe')
}

/** A point of the paper, as shares of its width and its height. */
export type Point = readonly [x: number, y: number]

/** Draws one line through the points, and waits until it is there. */
export async function draw(
  page: Page,
  board: FrameLocator,
  name: string,
  points: readonly Point[],
): Promise<void> {
  const lines = board.locator(`#ink [data-by=${name}]`)
  const before = await lines.count()
  const [start = [0, 0], ...others] = points
  await moveTo(page, board, start)
  await page.mouse.down()
  for (const point of others) await moveTo(page, board, point)
  await page.mouse.up()
  await lines.nth(before).waitFor({ state: 'attached' })
}

export async function moveTo(page: Page, board: FrameLocator, [x, y]: Point): Promise<void> {
  const paper = board.getByRole('application', { name: 'Board' })
  await paper.scrollIntoViewIfNeeded()
  const box = await paper.boundingBox()
  if (box === null) throw new Error('the paper is not to be seen')
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 8 })
}

export async function pin(board: FrameLocator, text: string): Promise<void> {
  await board.getByRole('textbox', { name: 'Note' }).fill(text)
  await board.getByRole('button', { name: 'Pin' }).click()
}
