import { createContext, use } from 'react';
import { newNote } from '../routing';

/** Where notes are: in the user's personal space or in an organization. */
export interface Space {
  /** The start of the paths of its pages; empty for the personal space. */
  path: string;
  /** Null for the personal space. */
  organizationId: string | null;
  /** The organization's name; null for the personal space. */
  name: string | null;
  /** Called when the server answers that the space does not exist: the user may have been removed from it. */
  onGone: () => void;
}

export const personalSpace: Space = { path: '', organizationId: null, name: null, onGone: () => undefined };

export const CurrentSpace = createContext(personalSpace);

export const useSpace = () => use(CurrentSpace);

/** The id of the draft of a new note. Each space has its own. */
export const newDraftId = ({ organizationId }: Space) =>
  organizationId === null ? newNote : `${newNote}.${organizationId}`;

/** The title of a page in the space. */
export const titleIn = ({ name }: Space, page: string) =>
  [page, ...(name === null ? [] : [name]), 'Lightning'].join(' · ');
