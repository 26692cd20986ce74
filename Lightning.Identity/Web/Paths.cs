namespace Lightning.Identity.Web;

/// <summary>Where everything is. The account pages repeat theirs in <c>@page</c>.</summary>
static class Paths
{
    public const string Authorize = "/connect/authorize";
    public const string PushedRequest = "/connect/par";
    public const string Token = "/connect/token";
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
    public const string SignedOut = "/account/signed-out";
    public const string Home = "/";
}
