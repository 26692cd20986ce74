import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Link } from '../routing';
import { mayWrite, useSession } from '../session/session';
import { useOrganizations } from './useOrganizations';

/** Switches between the personal space and the organizations. `slug` is the current one's; null: the personal space. */
export function Switcher({ slug }: { slug: string | null }) {
  const { organizations, invitations } = useOrganizations();
  const { user } = useSession();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const menuId = useId();
  const current = slug === null ? 'Personal' : (organizations.find((one) => one.slug === slug)?.name ?? slug);

  useEffect(() => {
    if (open) itemsOf(menu.current)[0]?.focus();
  }, [open]);

  function close() {
    setOpen(false);
    button.current?.focus();
  }

  return (
    <div
      className="switcher"
      // Moving the focus elsewhere closes the menu.
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}
    >
      <button
        ref={button}
        type="button"
        className="switcher-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        aria-label={`Space: ${current}`}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        <bdi>{current}</bdi>
      </button>
      {open && (
        <div
          ref={menu}
          id={menuId}
          role="menu"
          aria-label="Spaces"
          className="switcher-menu"
          onKeyDown={(event) => {
            if (event.key === 'Escape') close();
            else moveFocus(event);
          }}
        >
          <Item href="/notes" current={slug === null} onFollow={close}>
            Personal
          </Item>
          {organizations.map((one) => (
            <Item key={one.id} href={`/o/${one.slug}/notes`} current={one.slug === slug} onFollow={close}>
              <bdi>{one.name}</bdi>
            </Item>
          ))}
          <hr />
          {mayWrite(user) && (
            <Item href="/organizations/new" onFollow={close}>
              New organization
            </Item>
          )}
          <Item href="/organizations" onFollow={close}>
            Organizations
            {invitations.length > 0 && <span className="badge">{countOf(invitations.length)}</span>}
          </Item>
        </div>
      )}
    </div>
  );
}

/** Links to the invitations to the user, if there are any. */
export function InvitationsBadge() {
  const { invitations } = useOrganizations();
  return invitations.length === 0 ? null : (
    <Link className="badge invitations-badge" href="/organizations">
      {countOf(invitations.length)}
    </Link>
  );
}

const countOf = (invitations: number) => (invitations === 1 ? '1 invitation' : `${invitations} invitations`);

interface ItemProps {
  href: string;
  /** Whether the item is the current space; missing for items that are not spaces. */
  current?: boolean;
  onFollow: () => void;
  children: ReactNode;
}

// Links, so that a space can be opened in a new tab.
function Item({ href, current, onFollow, children }: ItemProps) {
  const role = current === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': current };
  return (
    // The link's own handler does the navigation.
    <div role="none" onClick={onFollow}>
      <Link href={href} tabIndex={-1} {...role}>
        {children}
      </Link>
    </div>
  );
}

const itemsOf = (menu: HTMLElement | null) => [...(menu?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];

/** The keys of a menu: https://www.w3.org/WAI/ARIA/apg/patterns/menubar/ */
function moveFocus(event: KeyboardEvent<HTMLElement>) {
  const items = itemsOf(event.currentTarget);
  const at = items.findIndex((item) => item === document.activeElement);
  const target =
    event.key === 'ArrowDown'
      ? items[(at + 1) % items.length]
      : event.key === 'ArrowUp'
        ? items.at(at - 1)
        : event.key === 'Home'
          ? items[0]
          : event.key === 'End'
            ? items.at(-1)
            : event.key.length === 1 && !event.ctrlKey && !event.metaKey
              ? [...items.slice(at + 1), ...items].find((item) => startsWith(item, event.key))
              : undefined;
  if (event.key === ' ') items[at]?.click();
  else target?.focus();
  if (target || event.key === ' ') event.preventDefault();
}

const startsWith = (item: HTMLElement, letter: string) =>
  item.textContent.toLocaleLowerCase().startsWith(letter.toLocaleLowerCase());
