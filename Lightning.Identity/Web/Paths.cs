namespace Lightning.Identity.Web;

/// <summary>The paths of this service. Razor Pages repeat theirs in <c>@page</c>.</summary>
static class Paths
{
    public const string Authorize = "/connect/authorize";
    public const string PushedRequest = "/connect/par";
    public const string Token = "/connect/token";
    public const string Nonce = "/connect/nonce";
    public const string Revocation = "/connect/revocation";
    public const string Introspection = "/connect/introspection";
    public const string UserInfo = "/connect/userinfo";
    public const string EndSession = "/connect/endsession";
    public const string Keys = "/.well-known/jwks.json";

    public const string SignIn = "/account/sign-in";
    public const string Register = "/account/register";
    public const string CheckMail = "/account/check-mail";
    public const string ForgotPassword = "/account/forgot-password";
    public const string Password = "/account/password";
    public const string SignOut = "/account/sign-out";
    public const string Deleted = "/account/deleted";
    public const string SignedOut = "/account/signed-out";
    public const string PasswordSet = "/account/password-set";
    public const string SecondStep = "/account/second-step";
    public const string SecondStepSetUp = "/account/second-step/set-up";
    public const string Consent = "/account/consent";

    public const string Account = "/account";
    public const string Name = "/account/name";
    public const string ChangePassword = "/account/change-password";
    public const string Address = "/account/address";
    public const string ConfirmAddress = "/account/address/confirm";
    public const string Authenticator = "/account/authenticator";
    public const string Passkeys = "/account/passkeys";
    public const string Devices = "/account/devices";
    public const string Data = "/account/data";
    public const string Upstream = "/account/upstream";
    public const string UpstreamAddress = "/account/upstream-address";
    public const string Logins = "/account/logins";
    public const string Home = "/";
}
