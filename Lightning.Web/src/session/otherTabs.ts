/** What a tab tells the browser's other tabs about the session. */
export type TabMessage =
  | { kind: 'signed-in'; userId: string }
  /** `signedOut` is true if the user signed out, and false if the session ended in another way. */
  | { kind: 'ended'; userId: string; signedOut: boolean };

/** One object for the tab: a channel does not deliver a message to the object that sent it. Null in old browsers. */
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('lightning-session') : null;

export function tellOtherTabs(message: TabMessage): void {
  channel?.postMessage(message);
}

/** Calls `listener` on each message of another tab. Returns a function that unsubscribes. */
export function onOtherTab(listener: (message: TabMessage) => void): () => void {
  const receive = ({ data }: MessageEvent<TabMessage>) => listener(data);
  channel?.addEventListener('message', receive);
  return () => channel?.removeEventListener('message', receive);
}
