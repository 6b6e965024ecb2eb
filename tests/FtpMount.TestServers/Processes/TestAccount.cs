using System.Globalization;
using System.Runtime.InteropServices;

namespace FtpMount.TestServers.Processes;

/// <summary>
/// The operating system's user that the servers let in: as root the account <c>ftpmount-test</c> (made by
/// scripts/install-test-servers.sh), otherwise the user who runs the tests.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">The name of its group.</param>
/// <param name="Uid">Its user id.</param>
/// <param name="Gid">Its group id.</param>
/// <param name="Password">Its password; for an ordinary user a made-up one that only the servers started here know.</param>
internal sealed partial record TestAccount(string Name, string Group, uint Uid, uint Gid, string Password)
{
    /// <summary>The name of the dedicated account, and of its PAM service.</summary>
    public const string DedicatedName = "ftpmount-test";

    private const string PasswordFile = "/var/lib/ftpmount-tests/password";

    private static readonly Lazy<TestAccount> TheOne = new(Find);

    /// <summary>Whether this program runs as root.</summary>
    public static bool IsRoot => GetEffectiveUserId() == 0;

    /// <summary>Whether the account that the servers need exists.</summary>
    public static bool Exists => !IsRoot || (File.Exists(PasswordFile) && File.ReadLines("/etc/passwd").Any(line => line.StartsWith(DedicatedName + ":", StringComparison.Ordinal)));

    /// <summary>The account; <see cref="ServerInstallation"/> has made sure that it exists.</summary>
    public static TestAccount Current => TheOne.Value;

    /// <summary>Makes the account the owner of a file or folder, and of all that is in it; symbolic links are not followed.</summary>
    public void TakeOwnership(string path)
    {
        if (!IsRoot)
            return;
        using var chown = System.Diagnostics.Process.Start("chown", ["-hR", string.Create(CultureInfo.InvariantCulture, $"{Uid}:{Gid}"), path]);
        chown.WaitForExit();
        if (chown.ExitCode != 0)
            throw new IOException($"chown of {path} failed with exit code {chown.ExitCode}");
    }

    private static TestAccount Find()
    {
        uint uid = GetEffectiveUserId();
        string key = uid == 0 ? DedicatedName : uid.ToString(CultureInfo.InvariantCulture);
        int column = uid == 0 ? 0 : 2;
        string[] fields = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(line => line.Length > 3 && line[column] == key)
            ?? throw new InvalidOperationException($"The user {key} is not in /etc/passwd; run scripts/install-test-servers.sh");
        string group = File.ReadLines("/etc/group").Select(line => line.Split(':')).FirstOrDefault(line => line.Length > 2 && line[2] == fields[3])?[0] ?? fields[3];
        string password = uid == 0 ? File.ReadAllText(PasswordFile).Trim() : Guid.NewGuid().ToString("N")[..16];
        return new TestAccount(
            fields[0], group, uint.Parse(fields[2], CultureInfo.InvariantCulture), uint.Parse(fields[3], CultureInfo.InvariantCulture), password);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
