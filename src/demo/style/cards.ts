import { css } from './css.ts'

export const cards = css`
  .card {
    min-width: 0;
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }

  h2 {
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.005em;
  }

  h3 {
    font-size: 13px;
    font-weight: 650;
  }

  .hint {
    color: var(--soft);
    font-size: 13px;
  }

  .terminal .hint code {
    white-space: nowrap;
  }

  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }

  button {
    min-height: 38px;
    padding: 6px 14px;
    border: 1px solid transparent;
    border-radius: 9px;
    font: inherit;
    font-size: 14px;
    font-weight: 600;
    cursor: pointer;
  }

  .primary {
    background: var(--accent);
    color: var(--on-accent);
  }

  .primary:hover {
    background: var(--accent-strong);
  }

  .plain {
    border-color: var(--edge);
    background: transparent;
    color: var(--ink);
  }

  .plain:hover,
  .quiet:hover {
    background: var(--wash);
  }

  .quiet {
    min-height: 30px;
    padding: 3px 9px;
    background: transparent;
    color: var(--accent);
    font-size: 13px;
  }

  input:not([type='radio']) {
    width: 100%;
    min-width: 0;
    min-height: 38px;
    padding: 6px 12px;
    border: 1px solid var(--edge);
    border-radius: 9px;
    background: var(--surface);
    color: var(--ink);
    /* A smaller one makes iOS zoom in. */
    font: 16px/1.4 var(--sans);
  }

  input::placeholder {
    color: var(--soft);
    opacity: 1;
  }

  @media (pointer: coarse) {
    button,
    input:not([type='radio']) {
      min-height: 44px;
    }
  }

  pre {
    padding: 10px 12px;
    border-radius: 9px;
    background: var(--sunken);
    font-size: 12px;
    line-height: 1.5;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
`
