using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FtpMount.Cli.Posix;
using FtpMount.Remote;
using FtpMount.Service;
using FtpMount.Service.Urls;

namespace FtpMount.Cli.Secrets;

/// <summary>
/// Keeps secrets out of <c>ps</c> and <c>/proc/PID/environ</c>. A process cannot change its own command line, but it can start itself anew in its own place
/// (execve(2), same process id) with a command line and an environment without secrets, and find them in an anonymous file in memory
/// (memfd_create(2)) that only it has open.
/// </summary>
internal static unsafe class SecretHandover
{
    internal const string EnvironmentVariable = "FTPMOUNT_PASSWORD";
    private const string Argument = "--secrets-fd=";
    private const string FileName = "ftpmount-secrets";

    /// <summary>Starts this program anew when its command line or environment holds a secret; returns when there is none.</summary>
    /// <param name="args">The arguments of this process.</param>
    /// <param name="asMountHelper">Whether the arguments are mount(8)'s.</param>
    /// <exception cref="MountException">The system refuses.</exception>
    internal static void HideFromProcessList(string[] args, bool asMountHelper)
    {
        var mounts = asMountHelper || args is ["mount" or "doctor", ..];
        var environmentPassword = mounts ? Environment.GetEnvironmentVariable(EnvironmentVariable) : null;
        string? urlPassword = null, proxyPassword = null;
        var hides = environmentPassword is not null;
        var arguments = new List<byte[]>();
        foreach (var argument in OwnCommandLine.ReadArguments(args.Length))
        {
            var text = NameCodec.Utf8.Decode(argument);
            var cleaned = text;
            if (ProxyUrl.TryRemovePassword(ref cleaned, out var password))
            {
                proxyPassword = password; // of an option that occurs twice the last holds
            }
            else
            {
                cleaned = RemoteUrl.RemovePassword(text, out password);
                urlPassword ??= password;
            }

            var isCleaned = cleaned.Length != text.Length;
            hides |= isCleaned;
            arguments.Add(isCleaned ? NameCodec.Utf8.Encode(cleaned) : argument);
        }

        if (!hides)
            return;
        var descriptor = PosixCalls.memfd_create(FileName, 0);
        if (descriptor < 0)
            throw Refused("memfd_create");
        var content = Encoding.ASCII.GetBytes($"{ToText(urlPassword)}\n{ToText(environmentPassword)}\n{ToText(proxyPassword)}\n");
        fixed (byte* bytes = content)
        {
            if (PosixCalls.write(descriptor, bytes, (nuint)content.Length) != content.Length || PosixCalls.lseek(descriptor, 0, 0) != 0)
                throw Refused("write");
        }

        if (environmentPassword is not null && PosixCalls.unsetenv(EnvironmentVariable) != 0)
            throw Refused("unsetenv");
        Execute(asMountHelper, descriptor, arguments);
    }

    /// <summary>Takes what <see cref="HideFromProcessList"/> handed over, and its argument; null when nothing was handed over.</summary>
    internal static HandedSecrets? Receive(ref string[] args)
    {
        if (args.Length == 0 || !args[0].StartsWith(Argument, StringComparison.Ordinal))
            return null;
        if (!int.TryParse(args[0].AsSpan(Argument.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor)
            || new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget is not { } target
            || !target.StartsWith($"/memfd:{FileName}", StringComparison.Ordinal))
            throw new UsageException($"{Argument}N is for ftpmount itself");
        args = args[1..];
        using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read);
        using var reader = new StreamReader(file, Encoding.ASCII);
        return new HandedSecrets(FromText(reader.ReadLine()), FromText(reader.ReadLine()), FromText(reader.ReadLine()));
    }

    private static void Execute(bool asMountHelper, int descriptor, IReadOnlyList<byte[]> arguments)
    {
        var (path, leading) = OwnCommandLine.Self;
        var words = new List<byte[]> { Encoding.UTF8.GetBytes(asMountHelper ? MountHelperName(path) : path) };
        words.AddRange(leading.Select(Encoding.UTF8.GetBytes));
        words.Add(Encoding.ASCII.GetBytes(Argument + descriptor.ToString(CultureInfo.InvariantCulture)));
        words.AddRange(arguments);
        var pointers = (byte**)NativeMemory.AllocZeroed((nuint)(words.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < words.Count; i++)
        {
            pointers[i] = (byte*)NativeMemory.AllocZeroed((nuint)words[i].Length + 1);
            words[i].CopyTo(new Span<byte>(pointers[i], words[i].Length));
        }

        // Does not return when it works; the memory goes with the old program.
        _ = PosixCalls.execv(path, pointers);
        throw Refused("execve");
    }

    /// <summary>The dotnet host finds its program by argv[0] in no case, so a name that keeps the role is safe everywhere.</summary>
    private static string MountHelperName(string path) =>
        Path.GetFileName(path) == "dotnet" ? path : Commands.MountHelper.ProgramName;

    private static string ToText(string? secret) => secret is null ? "-" : Convert.ToBase64String(NameCodec.Utf8.Encode(secret));

    private static string? FromText(string? text) => text is null or "-" ? null : NameCodec.Utf8.Decode(Convert.FromBase64String(text));

    private static MountException Refused(string call) =>
        new($"The password cannot be hidden from the process list ({call}: {Marshal.GetLastPInvokeErrorMessage()}); put it into a password-file or ~/.netrc instead");
}
