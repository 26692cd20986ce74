using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The minimal cost of a refresh: one UPDATE … RETURNING and two signed tokens.
/// </summary>
static class RefreshFloor
{
    /// <summary>Runs until its standard input is closed.</summary>
    public static async Task ServeAsync(string connectionString)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        await using var database = NpgsqlDataSource.Create(connectionString);
        var signer = new SigningCredentials(
            new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "floor" },
            SecurityAlgorithms.EcdsaSha256
        );
        app.MapPost(
            "/token",
            async (HttpContext http) =>
            {
                var form = await http.Request.ReadFormAsync();
                var next = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
                await using var update = database.CreateCommand(
                    "UPDATE public.floor SET token_hash = $1, used_at = now() WHERE token_hash = $2 RETURNING family"
                );
                update.Parameters.Add(new NpgsqlParameter { Value = SHA256.HashData(Encoding.UTF8.GetBytes(next)) });
                update.Parameters.Add(
                    new NpgsqlParameter
                    {
                        Value = SHA256.HashData(Encoding.UTF8.GetBytes(form["refresh_token"].ToString())),
                    }
                );
                return await update.ExecuteScalarAsync() is Guid family
                    ? Results.Json(
                        new
                        {
                            access_token = Sign("at+jwt", family, signer),
                            id_token = Sign("JWT", family, signer),
                            refresh_token = next,
                        }
                    )
                    : Results.BadRequest();
            }
        );
        await app.StartAsync();
        Console.WriteLine($"Now listening on: {app.Urls.Single()}");
        await Console.In.ReadToEndAsync();
    }

    static string Sign(string type, Guid family, SigningCredentials signer)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
            new SecurityTokenDescriptor
            {
                TokenType = type,
                SigningCredentials = signer,
                Claims = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["iss"] = Testing.People.Issuer,
                    ["aud"] = "lightning-api",
                    ["sub"] = family.ToString(),
                    ["iat"] = now,
                    ["exp"] = now + 300,
                    ["sid"] = family.ToString(),
                    ["auth_time"] = now,
                    ["amr"] = new[] { "pwd" },
                    ["client_id"] = "lightning-bff",
                    ["scope"] = "openid profile email offline_access lightning",
                    ["jti"] = family.ToString(),
                },
            }
        );
    }
}
