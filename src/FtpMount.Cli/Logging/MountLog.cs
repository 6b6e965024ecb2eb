using System.Globalization;
using FtpMount.Service;
using FtpMount.Service.Options;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using ILogger = Microsoft.Extensions.Logging.ILogger;

namespace FtpMount.Cli.Logging;

/// <summary>
/// Where a mount's messages go: in the foreground to stderr and, when asked for, to log-file; in the background to log-file or to a file in the state folder.
/// A file that reaches 10 MiB is followed by another; the last three are kept.
/// </summary>
internal sealed class MountLog : ILoggerFactory
{
    private const long LargestFile = 10L << 20;
    private const int FilesKept = 3;
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} [{Level:u3}] {SourceContext}: {Message:lj}{NewLine}{Exception}";

    private readonly SerilogLoggerFactory _factory;

    private MountLog(SerilogLoggerFactory factory) => _factory = factory;

    /// <summary>Opens the log.</summary>
    /// <exception cref="MountException">The file cannot be written.</exception>
    internal static MountLog Open(MountOptions options, MountDirectories directories, bool foreground)
    {
        var configuration = new LoggerConfiguration().MinimumLevel.Is(LevelOf(options.LogLevel));
        var file = options.LogFile ?? (foreground ? null : directories.DefaultLogFile);
        if (options.LogLevel != LogLevel.None)
        {
            if (foreground)
            {
                configuration.WriteTo.Console(
                    outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose);
            }

            if (file is not null)
            {
                if (options.LogFile is null)
                    directories.Create();
                Prepare(file);
                configuration.WriteTo.File(
                    file,
                    outputTemplate: Template,
                    formatProvider: CultureInfo.InvariantCulture,
                    fileSizeLimitBytes: LargestFile,
                    rollOnFileSizeLimit: true,
                    retainedFileCountLimit: FilesKept);
            }
        }

        return new MountLog(new SerilogLoggerFactory(configuration.CreateLogger(), dispose: true));
    }

    public ILogger CreateLogger(string categoryName) => _factory.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => _factory.AddProvider(provider);

    public void Dispose() => _factory.Dispose();

    /// <summary>Names of files are private: the log is made readable for its owner only, and a path that cannot be written is an error now, not silence later.</summary>
    private static void Prepare(string file)
    {
        try
        {
            using var stream = new FileStream(file, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MountException($"The log file cannot be written: {exception.Message}; name another with log-file=FILE", exception);
        }
    }

    private static LogEventLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        _ => LogEventLevel.Fatal,
    };
}
