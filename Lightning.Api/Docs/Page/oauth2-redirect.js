// Hands the provider's answer to the page that asked, takes it out of the address, and goes.
new BroadcastChannel('lightning-docs').postMessage(location.search);
history.replaceState(null, '', location.pathname);
window.close();
