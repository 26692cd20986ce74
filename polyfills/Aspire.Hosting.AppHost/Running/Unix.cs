using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>The few calls of the operating system that .NET does not wrap.</summary>
static partial class Unix
{
    public static bool IsRoot => GetEffectiveUserId() == 0;

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int GetParentProcessId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    /// <summary>Gives a file or folder to a user.</summary>
    public static void GiveTo(uint user, uint group, string path)
    {
        if (ChangeOwner(path, user, group) != 0) throw new IOException($"{path} cannot be given to user {user}: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
