// Sends the provider's response to the API reference, removes it from the URL and closes the window.
new BroadcastChannel('lightning-docs').postMessage(location.search);
history.replaceState(null, '', location.pathname);
window.close();
