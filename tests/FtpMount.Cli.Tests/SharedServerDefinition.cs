namespace FtpMount.Cli.Tests;

[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServerDefinition : ICollectionFixture<SharedServer>;
