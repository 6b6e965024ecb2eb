using System.Text;
using System.Text.Json;
using FtpMount.Cli.Profiles;
using FtpMount.Cli.Secrets;
using FtpMount.Cli.Signals;
using FtpMount.Ftp.Diagnostics;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.Service;
using FtpMount.Service.Options;
using FtpMount.Service.Urls;
using FtpMount.Sftp.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount doctor</c>: what a server can do, and what that means for a mount with the same options.</summary>
internal static class DoctorCommand
{
    internal static async Task<int> RunAsync(DoctorRequest request, HandedSecrets secrets)
    {
        using var signals = new StopSignals();
        var options = MountOptionParser.Parse(request.OptionLists);
        if (request.Writes && options.ReadOnly)
            throw new UsageException("--write and the option ro exclude each other");
        var url = MountCommand.ParseUrl(request.Url, secrets);
        _ = TlsSettings.Resolve(url, options);
        var configuration = MountCommand.Configure(url, request.Url, mountPoint: "", options, secrets, TerminalPrompt.Ask);
        var directories = MountDirectories.Find(configuration, Environment.GetEnvironmentVariable);
        await using var transcript = request.TranscriptFile is { } file ? OpenTranscript(file) : null;
        // The examination removes what it made before it ends; whoever cannot wait for that asks twice.
        await using var impatience = signals.Second.Register(static () => Environment.Exit(ExitCode.Failed));
        var profile = await ExamineAsync(configuration, directories, request.Writes, transcript, signals.First);
        if (request.Json)
            Console.Out.WriteLine(JsonSerializer.Serialize(new ProfileDocument(ProfileDocument.CurrentVersion, profile), ProfileJson.Default.ProfileDocument));
        else
            ProfileText.Write(profile, Console.Out, ProfileText.WidthOf(Console.IsOutputRedirected), colours: !Console.IsOutputRedirected);
        return profile.IsMountable ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<ServerProfile> ExamineAsync(
        MountConfiguration configuration, MountDirectories directories, bool writes, TextWriter? transcript, CancellationToken cancellationToken)
    {
        var progress = new TerminalProgress();
        try
        {
            var how = new ExaminationOptions { Writes = writes, Transcript = transcript, Progress = progress, Warn = message => progress.Interrupt(() => Messages.Write(message)) };
            return configuration.Url.Scheme == RemoteScheme.Sftp
                ? await SftpExamination.RunAsync(SftpSettings.From(configuration), how, TimeProvider.System, NullLogger.Instance, new TerminalPrompter(), cancellationToken)
                : await FtpExamination.RunAsync(FtpSettings.From(configuration, directories), how, TimeProvider.System, NullLogger.Instance, cancellationToken);
        }
        catch (RemoteException exception)
        {
            throw new MountException(exception.Message, exception);
        }
        finally
        {
            progress.Clear();
        }
    }

    /// <summary>Names of files and folders are private: only its owner may read it.</summary>
    private static StreamWriter OpenTranscript(string file)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, UnixCreateMode = OwnerOnly });
            File.SetUnixFileMode(stream.SafeFileHandle, OwnerOnly);
            return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MountException($"The transcript cannot be written: {exception.Message}", exception);
        }
    }
}
