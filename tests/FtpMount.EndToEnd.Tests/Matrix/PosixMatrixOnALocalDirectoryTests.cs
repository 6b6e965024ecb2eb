using FtpMount.EndToEnd.Worker.Matrix;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>The POSIX matrix against a directory of this machine: it shows that the matrix itself is right.</summary>
public sealed class PosixMatrixOnALocalDirectoryTests(LocalMatrix local) : IClassFixture<LocalMatrix>
{
    public static TheoryData<string> Cases => [.. PosixMatrix.Cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Holds_on_a_local_directory(string @case)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The cases are system calls of Linux");
        MatrixOutcome outcome = await local.Bench.RunAsync(@case);
        Assert.SkipWhen(outcome.Actual == "ENOTSUP", "The file system of the temporary directory cannot do this");
        Assert.SkipWhen(outcome.Actual == "EPERM" && @case == "Chown_changes_the_owner", "Only root may do this");
        Assert.True(outcome.Actual is null, outcome.Message);
    }

    [Fact]
    public void Every_documented_exception_names_a_case() =>
        Assert.Empty(DocumentedExceptions.All.Select(exception => exception.Case).Except(PosixMatrix.Cases.Keys));
}
