// Hands the provider's response to the page that asked for it, removes it from the address, and closes the window.
new BroadcastChannel('lightning-docs').postMessage(location.search);
history.replaceState(null, '', location.pathname);
window.close();
