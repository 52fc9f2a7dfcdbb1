import { cards } from './cards.ts'
import { chat } from './chat.ts'
import { inside } from './inside.ts'
import { page } from './page.ts'
import { theme } from './theme.ts'
import { whiteboard } from './whiteboard.ts'

export const styleSheet = [theme, page, cards, chat, inside, whiteboard].join('\n')
