using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace FtpMount.Cli.Commands;

/// <summary>What <c>--version</c> prints: <c>ftpmount 0.1.0</c>.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var version = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        parseResult.InvocationConfiguration.Output.WriteLine($"ftpmount {version}");
        return ExitCode.Done;
    }
}
