import { css } from './css.ts'

/** The card of the session backend: how far it is, and two places at it. */
export const whiteboard = css`
  .whiteboard {
    display: grid;
    gap: 10px;
  }

  .whiteboard-head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 10px 24px;
  }

  .whiteboard .hint {
    max-width: 110ch;
  }

  .steps {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 20px;
    /* The line in front of a step that begins a row leads from nowhere. */
    overflow: clip;
  }

  .steps li {
    position: relative;
    padding: 2px 10px;
    border: 1px solid var(--line);
    border-radius: 99px;
    color: var(--soft);
    font-size: 12.5px;
  }

  .steps li + li::before {
    content: '';
    position: absolute;
    top: 50%;
    left: -17px;
    width: 12px;
    border-top: 1px solid var(--edge);
  }

  .steps .reached {
    border-color: var(--accent);
    background: var(--wash);
    color: var(--accent-strong);
    font-weight: 600;
  }

  [data-state='starting'] .status::before {
    border-color: var(--caution);
  }

  [data-state='ready'] .status::before {
    border-color: var(--accent);
    background: var(--accent);
  }

  [data-state='failed'] .status {
    color: var(--alarm);
  }

  [data-state='failed'] .status::before {
    border-color: var(--alarm);
  }

  .seats {
    display: grid;
    gap: 16px;
  }

  .seat {
    display: grid;
    min-width: 0;
    gap: 6px;
  }

  .seat .room-head {
    min-height: 30px;
  }

  .seat .actions {
    flex-wrap: nowrap;
    gap: 0;
  }

  a.quiet {
    display: inline-flex;
    align-items: center;
    border-radius: 9px;
    font-weight: 600;
    text-decoration: none;
  }

  a.quiet:hover {
    text-decoration: underline;
  }

  .seat .quiet:last-child {
    margin-right: -9px;
  }

  .frame {
    display: grid;
    place-items: center;
    height: clamp(390px, 42vw, 530px);
    border-radius: 9px;
    background: var(--sunken);
    overflow: hidden;
  }

  .frame iframe {
    width: 100%;
    height: 100%;
    border: 1px solid var(--line);
    border-radius: 9px;
  }

  .seats:not(:has(iframe)) .frame {
    height: auto;
    padding: 28px 20px;
  }

  @media (width >= 720px) {
    .seats {
      grid-template-columns: 1fr 1fr;
    }
  }

  @media (width < 720px) {
    .frame:not(:has(iframe)) {
      height: auto;
      padding: 20px;
    }
  }

  @media (width >= 1080px) {
    .whiteboard {
      grid-column: 1 / -1;
    }
  }

  @media (pointer: coarse) {
    a.quiet {
      min-height: 44px;
    }
  }
`
