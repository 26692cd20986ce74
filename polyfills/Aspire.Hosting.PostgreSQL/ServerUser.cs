using System.Globalization;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Postgres;

/// <summary>The user that Postgres runs as: whoever runs the AppHost, or for root, which Postgres refuses, an unprivileged one.</summary>
sealed class ServerUser
{
    static readonly string[] s_candidates = ["postgres", "nobody"];
    readonly (string Name, uint User, uint Group)? _other;

    ServerUser((string, uint, uint)? other) => _other = other;

    public static ServerUser Current { get; } = new(Unix.IsRoot ? Unprivileged() : null);

    /// <summary>The command that runs as that user.</summary>
    public LaunchPlan Run(string program, IEnumerable<string> arguments, string workingDirectory)
    {
        if (_other is not { } other) return new(program, [.. arguments], workingDirectory);
        var setpriv = Programs.Find("setpriv") ?? throw new DistributedApplicationException(
            "Postgres refuses to run as root, and setpriv, which would run it as another user, is not on the PATH: install util-linux, or run the AppHost as an ordinary user.");
        return new(setpriv, [$"--reuid={other.User}", $"--regid={other.Group}", "--init-groups", program, .. arguments], workingDirectory);
    }

    /// <summary>Makes a folder that only that user may enter.</summary>
    public void MakeOwnFolder(string path)
    {
        var missing = !Directory.Exists(path);
        if (missing && Path.GetDirectoryName(path) is { } parent) Places.Make(parent);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (missing) Give(path);
    }

    /// <summary>Writes a file that only that user may read.</summary>
    public void WriteOwnFile(string path, string content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var writer = new StreamWriter(path, options)) writer.Write(content);
        Give(path);
    }

    void Give(string path)
    {
        if (_other is { } other) Unix.GiveTo(other.User, other.Group, path);
    }

    // initdb wants a user that has a name.
    static (string, uint, uint) Unprivileged()
    {
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3).ToArray();
        var found = s_candidates.Select(name => Array.Find(users, fields => fields[0] == name)).FirstOrDefault(fields => fields is not null)
            ?? throw new DistributedApplicationException(
                "Postgres refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as: add one, or run the AppHost as an ordinary user.");
        return (found[0], uint.Parse(found[2], CultureInfo.InvariantCulture), uint.Parse(found[3], CultureInfo.InvariantCulture));
    }
}
