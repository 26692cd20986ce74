using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Aspire.Hosting.Running;

/// <summary>The few calls of the operating system that .NET does not wrap.</summary>
static partial class Unix
{
    public static bool IsRoot => GetEffectiveUserId() == 0;

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int GetParentProcessId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    /// <summary>Takes the file for this process alone; waits until no other has it. Closing the file lets go.</summary>
    public static void Lock(SafeFileHandle file)
    {
        const int exclusive = 2, interrupted = 4;
        while (Flock(file, exclusive) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != interrupted) throw new IOException($"A file cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    /// <summary>Takes a lock that other processes respect; waits until it is free.</summary>
    public static FileStream Lock(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            Lock(file.SafeFileHandle);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives a file or folder to a user.</summary>
    public static void GiveTo(uint user, uint group, string path)
    {
        if (ChangeOwner(path, user, group) != 0) throw new IOException($"{path} cannot be given to user {user}: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
