//! Nothing that the audio thread calls allocates.

mod networks;

use networks::{random_network, six};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};
use rtneural::{Model, Options, Progress, Weights};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn forward_start_forward_some_and_reset_do_not_allocate() {
    let networks = six().into_iter().map(|(_, network)| network).chain((0..40).map(random_network));
    for network in networks {
        for weights in [Weights::F32, Weights::F16, Weights::Int8] {
            let model = Model::new(&network, Options::with_weights(weights)).unwrap();
            let (mut state, input) = (model.state(), vec![0.3; model.inputs()]);
            let mut output = vec![0.0; model.outputs()];
            assert_no_alloc(|| {
                model.forward(&mut state, &input, &mut output).unwrap();
                model.start(&mut state, &input).unwrap();
                while model.forward_some(&mut state, 777).unwrap() == Progress::More {}
                // Errors do not allocate either.
                assert!(model.forward(&mut state, &input[..0], &mut output).is_err());
                state.reset();
            });
        }
    }
}
