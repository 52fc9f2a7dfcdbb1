import { css } from './css.ts'

/** The cards around the chat: refusals, token, room, terminal. */
export const inside = css`
  .knock,
  .terminal,
  .inspector,
  .inspector [data-part='somebody'] {
    display: grid;
    gap: 10px;
  }

  .inspector-head,
  .room-head,
  .lifetime {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 10px;
  }

  .verdict {
    padding: 10px 12px;
    border-left: 3px solid var(--alarm);
    border-radius: 4px 9px 9px 4px;
    background: var(--alarm-wash);
  }

  .verdict-code {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    column-gap: 12px;
    color: var(--alarm);
  }

  .verdict-code span {
    font-size: 24px;
    font-weight: 700;
    font-variant-numeric: tabular-nums;
    letter-spacing: -0.01em;
    line-height: 1.3;
  }

  .verdict-code code {
    overflow-wrap: anywhere;
  }

  .verdict .hint {
    color: var(--ink);
  }

  .switch {
    display: flex;
    min-width: 0;
    padding: 3px;
    border: 0;
    border-radius: 10px;
    background: var(--sunken);
  }

  .switch label {
    position: relative;
    max-width: 12ch;
    padding: 3px 12px;
    border: 1px solid transparent;
    border-radius: 8px;
    color: var(--soft);
    font-size: 13px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    cursor: pointer;
  }

  .switch input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }

  .switch label:has(:checked) {
    border-color: var(--edge);
    background: var(--surface);
    color: var(--ink);
    font-weight: 600;
  }

  .switch label:has(:focus-visible) {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
  }

  .lifetime {
    flex-wrap: wrap;
    margin-top: 2px;
  }

  .lifetime p {
    color: var(--soft);
    font-size: 13px;
    font-variant-numeric: tabular-nums;
  }

  .lifetime .is-over {
    color: var(--alarm);
  }

  progress {
    flex-basis: 100%;
    width: 100%;
    height: 4px;
    border: 0;
    border-radius: 2px;
    appearance: none;
    background: var(--line);
    color: var(--accent);
    overflow: hidden;
  }

  progress::-webkit-progress-bar {
    background: var(--line);
  }

  progress::-webkit-progress-value {
    background: var(--accent);
  }

  progress::-moz-progress-bar {
    background: var(--accent);
  }

  .room-head .quiet {
    margin: -4px -9px -4px 0;
  }

  .line,
  .command,
  .remark {
    display: block;
  }

  .line .remark {
    display: inline;
  }

  /* A line that is too long goes on further in. */
  .line,
  .command {
    padding-left: 4ch;
    text-indent: -4ch;
  }

  .command {
    padding-left: 2ch;
    text-indent: -2ch;
  }

  .try {
    display: grid;
    gap: 12px;
    padding-bottom: 4px;
  }

  .try ol {
    display: grid;
    gap: 10px;
    counter-reset: step;
    font-size: 14px;
  }

  .try li {
    display: grid;
    grid-template-columns: 24px 1fr;
    gap: 10px;
    counter-increment: step;
  }

  .try li::before {
    content: counter(step);
    display: grid;
    place-items: center;
    width: 24px;
    height: 24px;
    border-radius: 50%;
    background: var(--wash);
    color: var(--accent-strong);
    font-size: 12px;
    font-weight: 700;
  }

  .member {
    color: var(--json-member);
  }
  .string {
    display: inline-block;
    color: var(--json-string);
    text-indent: 0;
  }
  .literal {
    color: var(--json-literal);
  }
  .remark {
    color: var(--soft);
  }
`
